#include <sluice/http/framing.hpp>
#include <sluice/proxy/handle_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/server/session.hpp>
#include <sluice/session/client_connection.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/forwarded.hpp>
#include <sluice/session/rate_watch.hpp>
#include <sluice/session/send_response.hpp>

namespace sluice::server {

namespace {

/// How long the request of a connection is waited for that is to be refused.
constexpr std::chrono::milliseconds refusal_patience{5000};

/// A session, and what holds for all of its requests.
struct connection {
    session_services& s;
    session::client_connection& client;
    http::request_parser& parser;
    admission as;
};

void close_client(void* who) {
    static_cast<session::client_connection*>(who)->close();
}

/// Reads until a whole head is in the buffer. True where there is one; no value where the client went away or idled.
awaitable<result<bool>> read_head(connection& of) {
    auto& client = of.client;
    const auto& limits = of.s.context.settings->limits;
    const bool refused = of.as == admission::refused;
    client.timer().expires_after(refused ? std::min(refusal_patience, limits.idle_timeout) : limits.idle_timeout);
    bool begun = false;
    // In the line from the first wait to the head's end, at one place: who sends a byte now and then moves up as well.
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
        if (!waits && !refused) { // who is refused stands in the line as long as it is here
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

void record(session_services& s, session::exchange& x) {
    auto& route = x.route != nullptr ? *x.route : s.phases.app.counters;
    route.count_request(x.outcome, x.status);
    // Once an exchange: the counters are atomic doubles.
    if (x.bytes.cache > 0) {
        route.cache_bytes->Increment(static_cast<double>(x.bytes.cache));
    }
    if (x.bytes.origin > 0) {
        route.origin_bytes->Increment(static_cast<double>(x.bytes.origin));
    }
    if (x.bytes.app > 0) {
        route.app_bytes->Increment(static_cast<double>(x.bytes.app));
    }
    if (x.first_byte) {
        route.first_byte[static_cast<std::size_t>(x.outcome)]->Observe(
            std::chrono::duration<double>(*x.first_byte - x.started).count());
    }
    s.log.record(x);
}

awaitable<void> refuse(session::exchange& x, session_services& s, errc code) {
    x.keep_alive = false;
    const unsigned status = status_of(code);
    co_await session::send_response(x, status,
                                    status == 501   ? "This transfer coding is not supported.\n"
                                    : status == 431 ? "The request's head is larger than is allowed here.\n"
                                                    : "The request is not valid HTTP/1.1.\n",
                                    {});
    record(s, x);
    co_await x.client.linger();
}

/// A place of the client that a trusted proxy's request comes from; true where it needs none.
bool enter(connection& of, const session::exchange& x, std::optional<client_table::place>& place) {
    if (of.as != admission::trusted) {
        return true;
    }
    const auto client = session::forwarded_client(x.request.fields, of.s.context.settings->trusted_proxies);
    if (client) {
        place.emplace(of.s.clients.enter(*client));
    }
    return !client || *place;
}

/// A request of a client that is refused, or watched.
awaitable<void> handle_bounded(connection& of, session::exchange& x) {
    if (of.as == admission::refused) {
        x.keep_alive = false;
        co_await session::send_response(x, 503, "Too many connections of one client.\n", session::retry_soon);
        co_return;
    }
    std::optional<client_table::place> place;
    if (!enter(of, x, place)) {
        x.worker.counters.client_limited_requests->Increment();
        co_await session::send_response(x, 503, "Too many requests of one client at once.\n", session::retry_soon);
        co_return;
    }
    const auto& limits = x.worker.settings->limits;
    std::optional<session::rate_watch> rates;
    if (limits.body_min_rate > 0 || limits.send_min_rate > 0) {
        rates.emplace(x);
    }
    co_await proxy::handle_request(of.s.phases, x);
}

awaitable<void> handle(connection& of, session::exchange& x) {
    const auto& limits = x.worker.settings->limits;
    const bool bounded = of.as != admission::served || limits.body_min_rate > 0 || limits.send_min_rate > 0;
    return bounded ? handle_bounded(of, x) : proxy::handle_request(of.s.phases, x); // most need no frame of their own
}

/// One request and its answer. True where another may follow.
awaitable<bool> serve_one(connection& of) {
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
    co_await handle(of, x);
    record(s, x);
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

awaitable<void> run_session(tcp_socket socket, session_services services, admission as) {
    const auto& settings = *services.context.settings;
    session::client_connection client(std::move(socket), services.context.self, settings.limits.send_timeout);
    http::request_parser parser(static_cast<std::uint32_t>(settings.limits.header_size));
    connection of{services, client, parser, as};
    std::optional<waiting_line::entry> refused; // makes way for others whatever it does
    if (as == admission::refused) {
        refused.emplace(services.idle, close_client, &client, waiting_line::place::first);
    }
    for (;;) {
        const bool more = co_await serve_one(of);
        if (!more) {
            break;
        }
        parser.reset();
        client.settle();
    }
    client.close();
}

} // namespace sluice::server
