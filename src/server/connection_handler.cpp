#include <sluice/http/framing.hpp>
#include <sluice/proxy/handle_request.hpp>
#include <sluice/server/connection_handler.hpp>
#include <sluice/server/record.hpp>
#include <sluice/session/forwarded.hpp>
#include <sluice/session/rate_watch.hpp>
#include <sluice/session/send_response.hpp>
#include <sluice/session/tcp_connection.hpp>

namespace sluice::server {

namespace {

/// How long to wait for the request of a connection that is to be refused.
constexpr std::chrono::milliseconds refusal_timeout{5000};

/// One connection, and what holds for all of its requests.
struct connection_handler {
    connection_services& s;
    session::client_connection& client;
    http::request_parser& parser;
    admission as;
};

void close_client(void* who) {
    static_cast<session::client_connection*>(who)->close();
}

/// Reads until a whole head is in the buffer. False where the client went away or was idle for too long.
awaitable<result<bool>> read_head(connection_handler& of) {
    auto& client = of.client;
    const auto& limits = of.s.context.settings->limits;
    const bool refused = of.as == admission::refused;
    client.timer().expires_after(refused ? std::min(refusal_timeout, limits.idle_timeout) : limits.idle_timeout);
    bool begun = false;
    // One place in the line from the first wait to the head's end: a byte now and then does not move it back.
    std::optional<waiting_line::entry> waits;
    for (;;) {
        const auto buffered = client.buffered();
        if (!buffered.empty()) {
            if (!begun) {
                begun = true; // the head's own, shorter time runs from its first byte
                if (!refused) {
                    client.timer().expires_after(limits.header_timeout);
                }
            }
            const auto head = of.parser.parse_head(buffered);
            if (!head) {
                co_return head.error();
            }
            if (head.value() > 0) {
                client.consume(head.value());
                client.timer().clear();
                co_return true;
            }
        }
        if (!waits && !refused) { // a refused one is in the line all the time
            waits.emplace(of.s.idle, close_client, &client);
        }
        auto more = co_await client.read_more(limits.header_size);
        if (!more) {
            co_return more.error().code == errc::header_too_large ? result<bool>(more.error()) : result<bool>(false);
        }
    }
}

unsigned status_of(errc code) {
    switch (code) {
    case errc::not_implemented:
        return 501;
    case errc::header_too_large:
        return 431;
    default:
        return 400;
    }
}

awaitable<void> refuse(session::exchange& x, connection_services& s, errc code) {
    x.keep_alive = false;
    const unsigned status = status_of(code);
    co_await session::send_response(x, status,
                                    status == 501   ? "This transfer coding is not supported.\n"
                                    : status == 431 ? "The request's head is larger than is allowed here.\n"
                                                    : "The request is not valid HTTP/1.1.\n");
    record(x, s.phases, s.log);
    co_await x.client.linger();
}

/// Counts a trusted proxy's request for the client that it came from. False where that has as many as it may have.
bool count_request(connection_handler& of, const session::exchange& x, std::optional<client_table::place>& place) {
    if (of.as != admission::trusted) {
        return true;
    }
    const auto client = session::forwarded_client(x.request.fields, of.s.context.settings->trusted_proxies);
    if (client) {
        place.emplace(of.s.clients.enter(*client));
    }
    return !client || *place;
}

/// A request of a client that is refused, counted, or held to a rate.
awaitable<void> handle_limited(connection_handler& of, session::exchange& x) {
    if (of.as == admission::refused) {
        x.keep_alive = false;
        co_await session::send_response(x, 503, "Too many connections from one client.\n", session::retry_soon());
        co_return;
    }
    std::optional<client_table::place> place;
    if (!count_request(of, x, place)) {
        x.worker.counters.client_limited_requests->Increment();
        co_await session::send_response(x, 503, "Too many requests from one client at once.\n", session::retry_soon());
        co_return;
    }
    const auto& limits = x.worker.settings->limits;
    std::optional<session::rate_watch> rates;
    if (limits.body_min_rate > 0 || limits.send_min_rate > 0) {
        rates.emplace(x);
    }
    co_await proxy::handle_request(of.s.phases, x);
}

awaitable<void> handle(connection_handler& of, session::exchange& x) {
    const auto& limits = x.worker.settings->limits;
    const bool limited = of.as != admission::served || limits.body_min_rate > 0 || limits.send_min_rate > 0;
    return limited ? handle_limited(of, x)
                   : proxy::handle_request(of.s.phases, x); // mostly without a coroutine frame for it
}

/// One request and its answer. True where another may follow.
awaitable<bool> serve_one(connection_handler& of) {
    auto& s = of.s;
    auto& client = of.client;
    auto head = co_await read_head(of);
    if (head && !head.value()) {
        co_return false;
    }
    static const http::request_head nothing{};
    session::exchange x{s.context, client, head ? of.parser.head() : nothing, of.parser, {}};
    if (!head) {
        co_await refuse(x, s, head.error().code);
        co_return false;
    }
    const auto checked = http::check_request(x.request);
    if (!checked) {
        co_await refuse(x, s, checked.error().code);
        co_return false;
    }
    x.target = checked.value().target;
    x.body_read = !of.parser.has_body();
    x.keep_alive = of.parser.keep_alive() && !s.draining.load(std::memory_order_relaxed);
    {
        const open_exchanges::entry open(s.open, x);
        co_await handle(of, x);
    }
    record(x, s.phases, s.log);
    if (!client.is_open()) {
        co_return false;
    }
    if (!x.keep_alive || !x.body_read || s.draining.load(std::memory_order_relaxed)) {
        co_await client.linger();
        co_return false;
    }
    co_return true;
}

} // namespace

awaitable<void> serve_connection(tcp_socket socket, connection_services services, admission as) {
    const auto& settings = *services.context.settings;
    session::tcp_connection client(std::move(socket), services.context.self, settings.limits.send_timeout);
    http::request_parser parser(static_cast<std::uint32_t>(settings.limits.header_size));
    connection_handler of{services, client, parser, as};
    std::optional<waiting_line::entry> refused; // may be closed for others at any time
    if (as == admission::refused) {
        refused.emplace(services.idle, close_client, &client, waiting_line::place::first);
    }
    for (;;) {
        const bool more = co_await serve_one(of);
        if (!more) {
            break;
        }
        parser.reset();
        client.compact();
    }
    client.close();
}

} // namespace sluice::server
