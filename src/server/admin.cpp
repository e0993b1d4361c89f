#include <sluice/base/listed.hpp>
#include <sluice/base/log.hpp>
#include <sluice/http/date.hpp>
#include <sluice/server/admin.hpp>

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <openssl/crypto.h>

namespace sluice::server {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using stream = beast::basic_stream<asio::ip::tcp, executor>;
using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

constexpr std::size_t most_body = 1U << 20U;
constexpr auto patience = std::chrono::seconds(30);

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
                purged += s.media.cache.purge(store->identity(), uri.substr(store->uri_prefix().size())) ? 1 : 0;
            }
        }
        if (!known) {
            return reply(r, http::status::bad_request, "A URI lies in no configured store.\n");
        }
    }
    log::info("purged", {{"objects", purged}});
    return reply(r, http::status::ok, "{\"purged\":" + std::to_string(purged) + "}\n", "application/json");
}

response metrics_page(const request& r, admin_services& s) {
    s.refresh();
    return reply(r, http::status::ok, s.counters.text(), "text/plain; version=0.0.4; charset=utf-8");
}

response answer(const request& r, admin_services& s) {
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
        const bool drains = path == "/readyz" && s.draining.load();
        return reply(r, drains ? http::status::service_unavailable : http::status::ok, drains ? "draining\n" : "ok\n");
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
    return purge(r, s);
}

} // namespace

awaitable<void> run_admin_session(tcp_socket socket, admin_services services) {
    stream client(std::move(socket));
    const listed mark(services.open, client.socket());
    beast::flat_buffer buffer;
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(most_body);
        client.expires_after(patience);
        auto [read_error, read] = co_await http::async_read(client, buffer, parser, use_tuple);
        if (read_error) {
            co_return;
        }
        const response r = answer(parser.get(), services);
        client.expires_after(patience);
        auto [write_error, written] = co_await http::async_write(client, r, use_tuple);
        if (write_error || !parser.get().keep_alive() || services.draining.load()) {
            beast::error_code ignored;
            client.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
            co_return;
        }
    }
}

} // namespace sluice::server
