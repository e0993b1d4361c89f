#include <sluice/media/media_head.hpp>
#include <sluice/media/redirect.hpp>
#include <sluice/session/response_head.hpp>

#include "object_fields.hpp"

#include <algorithm>

namespace sluice::media {

namespace {

/// Of the app's fields those that are about the response and not about the object: who may read it, and cookies.
bool is_about_response(std::string_view name) {
    constexpr std::string_view cors = "access-control-";
    return http::same_name(name, "Set-Cookie") || http::same_name(name, "Vary") || detail::starts_with_type(name, cors);
}

} // namespace

sign::presign_options redirect_options(const media_request& m) {
    sign::presign_options options;
    options.expires =
        std::min(max_redirect_expiry, std::chrono::duration_cast<std::chrono::seconds>(m.store.settings().url_expiry));
    options.response_content_type = detail::override_type(m);
    options.response_content_disposition = detail::override_value(m, "Content-Disposition");
    if (options.response_content_disposition.empty()) {
        options.response_content_disposition = detail::own_disposition(m, options.response_content_type);
    }
    return options;
}

bool append_redirect_head(std::string& out, media_request& m, std::string_view location) {
    session::response_head head(out, m.x, 307);
    const bool has_location = head.add("Location", location);
    head.add_constant("Content-Length", "0");
    head.add_constant("Cache-Control", "no-store");
    head.add_constant("X-Content-Type-Options", "nosniff");
    if (m.authorization) {
        head.add_if(m.authorization->fields, is_about_response);
    }
    detail::add_for_caller(head, m);
    head.add("Cache-Status", bypass_status("redirect"));
    head.end(m.x);
    return has_location;
}

awaitable<result<void>> redirect(net::connection_pool& origin_pool, media_request& m) {
    auto options = redirect_options(m);
    options.deadline = m.give_up;
    const auto method = m.head_only ? sign::method::head : sign::method::get;
    const auto began = steady_clock::now();
    auto made = co_await m.store.signer()->presign(origin_pool, m.key, method, options);
    m.store.counters().sign_seconds->Observe(std::chrono::duration<double>(steady_clock::now() - began).count());
    m.store.counters().sign->at(made ? "ok" : to_string(made.error().code)).Increment();
    if (!made) {
        co_return made.error();
    }
    std::string head;
    if (!append_redirect_head(head, m, made.value().url())) {
        co_return error{errc::sign_failed, error_source::internal, false, "the signed URL is not a valid field value"};
    }
    m.x.outcome = metrics::outcome::redirect;
    m.x.note_head_sent();
    co_return co_await m.x.client.write(head);
}

} // namespace sluice::media
