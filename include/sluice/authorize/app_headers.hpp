#pragma once

#include <sluice/config/route.hpp>
#include <sluice/http/head.hpp>
#include <sluice/http/header_list.hpp>

#include <span>
#include <string>
#include <string_view>

/// Which response headers of the app reach the client of a media response. Pure.
namespace sluice::authorize {

/// Which fields of a response go on, beside those that always do. Views.
struct app_field_rules {
    std::span<const std::string> object_headers{}; ///< config::config::object_headers: these never
    bool cors_configured{false};                   ///< the route writes Access-Control-* itself
    std::span<const std::string> named{};          ///< the route's `allowed_app_headers`
    /// The response is about the object, or its policies are those of all the app's responses: a
    /// Content-Security-Policy is the object's too. Otherwise it is that of an endpoint which decides.
    bool has_objects_policy{false};
};

/// What the app's middleware adds to every response, from one that allowed: Access-Control-* (none with
/// `cors_configured`), Vary, Cache-Control, and the security fields; and those that `rules` name. Without Set-Cookie,
/// which is for one caller alone. A Cache-Control that lets shared caches store the response (`public`, `s-maxage`)
/// becomes `private, no-cache`.
[[nodiscard]] http::header_list allowed_app_headers(const http::field_list& response, const app_field_rules& rules);

/// The Set-Cookie fields of a response.
[[nodiscard]] http::header_list set_cookie_headers(const http::field_list& response);

/// What is kept of the app's response that named the object in a field: Content-Disposition, Cache-Control, Expires,
/// Set-Cookie and every other end-to-end field, but for Content-Type (`object_type`), what describes the bytes of that
/// response (Content-Length, -Range, -Encoding, digests, ETag, Last-Modified, Accept-Ranges), what Sluice writes itself
/// (Date, X-Content-Type-Options), each of `object_headers`, and with `cors_configured` Access-Control-*; `_` counts as
/// `-`.
[[nodiscard]] http::header_list object_response_headers(const http::field_list& response, const app_field_rules& rules);

/// Whether a response has any content, as its head tells it.
enum class content { none, some, unknown };

/// Of a response to a request of `method`: that of a GET to a HEAD, by its length alone.
[[nodiscard]] content content_of(const http::response_head& response, std::string_view method);

/// True for a Content-Type of `text/html`, whatever its parameters.
[[nodiscard]] bool is_page_type(std::string_view content_type) noexcept;

/// The media type that the app's response says for the object, by the route's `content_type`; "": none, so that the
/// store's counts. Frameworks put `text/html` on whatever has no type, so that it is none on a response without
/// content. `has_content` counts for that type alone.
[[nodiscard]] std::string_view object_type(const http::field_list& response, config::type_from from,
                                           content has_content);

} // namespace sluice::authorize
