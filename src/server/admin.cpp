#include <sluice/base/log.hpp>
#include <sluice/base/scoped_registration.hpp>
#include <sluice/http/date.hpp>
#include <sluice/server/admin.hpp>
#include <sluice/server/descriptors.hpp>

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <openssl/crypto.h>

#include <optional>
#include <utility>

namespace sluice::server {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using stream = beast::basic_stream<asio::ip::tcp, executor>;
using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

constexpr std::size_t max_head_size = 8 * 1024;
constexpr std::size_t max_body_size = 1U << 20U;
/// How much of an unwanted body is read and dropped behind the response, so that a reset does not lose the response.
constexpr std::size_t max_drained = 256 * 1024;
constexpr auto linger_time = std::chrono::seconds(5);

response reply(const request& to, http::status status, std::string body,
               std::string_view type = "text/plain; charset=utf-8") {
    response r(status, to.version());
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    r.set(http::field::date, sluice::http::format_http_date(now));
    r.set(http::field::content_type, type);
    r.set(http::field::cache_control, "no-store");
    r.set("X-Content-Type-Options", "nosniff");
    r.keep_alive(to.keep_alive());
    r.body() = std::move(body);
    r.prepare_payload();
    if (to.method() == http::verb::head) {
        r.body().clear();
    }
    return r;
}

bool has_token(const request& r, const secret& token) {
    const std::string_view given = r[http::field::authorization];
    constexpr std::string_view scheme = "Bearer ";
    const auto want = token.reveal();
    return !want.empty() && given.starts_with(scheme) && given.size() == scheme.size() + want.size() &&
           CRYPTO_memcmp(given.data() + scheme.size(), want.data(), want.size()) == 0;
}

/// Body: `{"uris": ["s3://bucket/key", …]}`. Answer: `{"purged": n}`, how many of them were in the cache.
response purge(const request& r, admin_services& s) {
    boost::system::error_code ec;
    const auto body = boost::json::parse(r.body(), ec);
    const auto* object = ec ? nullptr : body.if_object();
    const auto* uris = object != nullptr && object->size() == 1 && object->if_contains("uris") != nullptr
                           ? object->at("uris").if_array()
                           : nullptr;
    if (uris == nullptr) {
        return reply(r, http::status::bad_request, "The body must be {\"uris\": [\"s3://bucket/key\"]}.\n");
    }
    std::size_t purged = 0;
    for (const auto& each : *uris) {
        const auto* text = each.if_string();
        const std::string_view uri =
            text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
        bool known = false;
        for (const auto& [name, store] : s.media.stores) {
            if (uri.size() > store->uri_prefix().size() && uri.starts_with(store->uri_prefix())) {
                known = true;
                purged += s.cache.purge(store->identity(), uri.substr(store->uri_prefix().size())) ? 1 : 0;
            }
        }
        if (!known) {
            return reply(r, http::status::bad_request, "A URI is in no configured store.\n");
        }
    }
    log::info("purged", {{"objects", purged}});
    return reply(r, http::status::ok, "{\"purged\":" + std::to_string(purged) + "}\n", "application/json");
}

response metrics_page(const request& r, admin_services& s) {
    s.refresh();
    return reply(r, http::status::ok, s.counters.text(), "text/plain; version=0.0.4; charset=utf-8");
}

/// A line each. They do not make the process unready: the app answers what would have come from those stores.
std::string unusable_stores(const media_setup& media) {
    std::string lines;
    for (const auto& [name, why] : media.unusable_stores) {
        lines.append("store \"").append(name).append("\" cannot be used: ").append(why).append("\n");
    }
    return lines;
}

/// The response where no request body is needed for it: to all but an authorized purge.
std::optional<response> respond_to_head(const request& r, admin_services& s) {
    const std::string_view target = r.target();
    const auto path = target.substr(0, target.find('?'));
    const bool reads = r.method() == http::verb::get || r.method() == http::verb::head;
    if (path == "/metrics" || path == "/livez" || path == "/readyz" || path == "/startupz") {
        if (!reads) {
            return reply(r, http::status::method_not_allowed, "GET or HEAD.\n");
        }
        if (path == "/metrics") {
            return metrics_page(r, s);
        }
        if (path != "/readyz") {
            return reply(r, http::status::ok, "ok\n");
        }
        return s.draining.load() ? reply(r, http::status::service_unavailable, "draining\n")
                                 : reply(r, http::status::ok, "ok\n" + unusable_stores(s.media));
    }
    if (path != "/purge") {
        return reply(r, http::status::not_found, "There is nothing here.\n");
    }
    if (!has_token(r, s.settings->admin.token)) {
        return reply(r, http::status::unauthorized,
                     s.settings->admin.token.empty() ? "This is off: the config has no admin.token.\n"
                                                     : "The admin token is needed: Authorization: Bearer TOKEN.\n");
    }
    if (r.method() != http::verb::post) {
        return reply(r, http::status::method_not_allowed, "POST.\n");
    }
    return std::nullopt;
}

/// One connection, and what it is read with. The buffers are small, since the token has not been seen yet.
struct connection {
    connection(tcp_socket socket, admin_services& of)
        : s(of)
        , client(std::move(socket)) {}

    admin_services& s;
    stream client;
    beast::flat_buffer buffer{max_head_size + 64UL * 1024};
};

using parser = http::request_parser<http::string_body>;

void close_socket(void* socket) {
    boost::system::error_code ignored;
    static_cast<tcp_socket*>(socket)->close(ignored);
}

/// Reads a request's head. False where none comes.
awaitable<bool> read_head(connection& c, parser& p) {
    const auto& limits = c.s.settings->limits;
    if (c.buffer.size() == 0) {
        c.client.expires_after(limits.idle_timeout);
        auto [ec, n] = co_await c.client.async_read_some(c.buffer.prepare(max_head_size), use_tuple);
        if (ec) {
            co_return false;
        }
        c.buffer.commit(n);
    }
    c.client.expires_after(limits.header_timeout);
    auto [ec, n] = co_await http::async_read_header(c.client, c.buffer, p, use_tuple);
    co_return !ec;
}

/// Reads the body of a request that may send one. False where it does not come.
awaitable<bool> read_body(connection& c, parser& p) {
    if (http::token_list(p.get()[http::field::expect]).exists("100-continue")) {
        const std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [ec, n] = co_await asio::async_write(c.client, asio::buffer(interim), use_tuple);
        if (ec) {
            co_return false;
        }
    }
    c.client.expires_after(c.s.settings->limits.idle_timeout);
    auto [ec, n] = co_await http::async_read(c.client, c.buffer, p, use_tuple);
    co_return !ec;
}

/// Ends the sending side, and drops what the client still sends, for `linger_time`.
awaitable<void> linger(connection& c) {
    boost::system::error_code ignored;
    c.client.socket().shutdown(tcp_socket::shutdown_send, ignored);
    c.client.expires_after(linger_time);
    for (std::size_t dropped = 0; dropped < max_drained;) {
        c.buffer.clear();
        auto [ec, n] = co_await c.client.async_read_some(c.buffer.prepare(max_head_size), use_tuple);
        if (ec) {
            co_return;
        }
        dropped += n;
    }
}

/// One request and its response. True where another may follow.
awaitable<bool> serve_one(connection& c) {
    parser p;
    p.header_limit(max_head_size);
    p.body_limit(max_body_size);
    // All but an authorized purge may be closed for a newer connection, the oldest first.
    std::optional<waiting_line::entry> waits(std::in_place, c.s.waiting, close_socket, &c.client.socket());
    const bool read = co_await read_head(c, p);
    if (!read) {
        co_return false;
    }
    std::optional<response> r = respond_to_head(p.get(), c.s);
    if (!r) {
        waits.reset();
        const bool whole = co_await read_body(c, p);
        if (!whole) {
            co_return false;
        }
        r = purge(p.get(), c.s);
    }
    const bool goes_on = p.is_done() && p.get().keep_alive() && !c.s.draining.load();
    r->keep_alive(goes_on);
    c.client.expires_after(c.s.settings->limits.send_timeout);
    auto [ec, written] = co_await http::async_write(c.client, *r, use_tuple);
    if (ec) {
        co_return false;
    }
    if (!goes_on) {
        co_await linger(c);
    }
    co_return goes_on;
}

} // namespace

awaitable<void> serve_admin_connection(tcp_socket socket, admin_services services) {
    connection c(std::move(socket), services);
    const scoped_registration<std::vector<tcp_socket*>> listed_here(services.open, c.client.socket());
    for (;;) {
        const bool more = co_await serve_one(c);
        if (!more) {
            co_return;
        }
    }
}

void admit_admin(tcp_socket socket, const admin_services& services) {
    if (services.open.size() >= max_admin_connections) {
        if (!services.waiting.close_oldest()) {
            return; // all of them purge
        }
        services.counters.admin_closed->Increment(); // its coroutine ends in a moment
    }
    services.self.tasks.spawn(serve_admin_connection(std::move(socket), services));
}

} // namespace sluice::server
