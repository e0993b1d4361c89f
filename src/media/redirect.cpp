#include <sluice/media/media_head.hpp>
#include <sluice/media/redirect.hpp>
#include <sluice/session/response_head.hpp>

#include "object_fields.hpp"

#include <algorithm>

namespace sluice::media {

namespace {

/// Fields of the app's that its redirect has as well: who may read it, and the session's cookies.
bool is_of_any_answer(std::string_view name) {
    constexpr std::string_view cors = "access-control-";
    return http::same_name(name, "Set-Cookie") || http::same_name(name, "Vary") || detail::starts_with_type(name, cors);
}

} // namespace

sign::presign_options redirect_options(const media_request& m) {
    sign::presign_options options;
    options.expires =
        std::min(longest_redirect, std::chrono::duration_cast<std::chrono::seconds>(m.store.settings().url_expiry));
    options.response_content_type = detail::said_type(m);
    options.response_content_disposition = detail::said(m, "Content-Disposition");
    if (options.response_content_disposition.empty()) {
        options.response_content_disposition = detail::own_disposition(m, options.response_content_type);
    }
    return options;
}

bool append_redirect_head(std::string& out, media_request& m, std::string_view location) {
    session::begin_head(out, m.x, 307);
    const bool whole = http::append_field(out, "Location", location);
    out += "Content-Length: 0\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    if (m.given) { // of the app's fields those that are about this answer, not about the object
        session::append_unless(out, m.given->fields.lines,
                               [](std::string_view name) { return !is_of_any_answer(name); });
    }
    detail::append_access(out, m);
    out += bypass_status("redirect");
    session::end_head(out, m.x);
    return whole;
}

awaitable<delivered> redirect(media_request& m) {
    auto options = redirect_options(m);
    options.give_up = m.give_up;
    const auto method = m.head_only ? sign::method::head : sign::method::get;
    const auto began = steady_clock::now();
    auto made = co_await m.store.signer()->presign(m.worker.origin_pool, m.key, method, options);
    m.store.counters().sign_seconds->Observe(std::chrono::duration<double>(steady_clock::now() - began).count());
    m.store.counters().sign->at(made ? "ok" : to_string(made.error().code)).Increment();
    if (!made) {
        co_return delivered{made.error()};
    }
    std::string head;
    if (!append_redirect_head(head, m, made.value().url())) {
        co_return delivered{error{errc::sign_failed, error_source::internal, false, "the URL is no field value"}};
    }
    m.x.outcome = metrics::outcome::redirect;
    m.x.note_head_sent();
    auto sent = co_await m.x.client.write(head);
    co_return delivered{sent ? std::nullopt : std::optional<error>(sent.error())};
}

} // namespace sluice::media
