#pragma once

#include <sluice/http/head.hpp>
#include <sluice/http/header_list.hpp>

#include <span>
#include <string>

/// Which response headers of the app reach the client of a media response. Pure.
namespace sluice::authorize {

/// What the app's middleware adds to every response, from one that allowed: Access-Control-* (none with
/// `cors_configured`: the route writes those itself), Vary, Cache-Control, and the security fields. Without Set-Cookie,
/// which is for one caller alone. A Cache-Control that lets shared caches store the response (`public`, `s-maxage`)
/// becomes `private, no-cache`.
[[nodiscard]] http::header_list allowed_app_headers(const http::field_list& response, bool cors_configured);

/// The Set-Cookie fields of a response.
[[nodiscard]] http::header_list set_cookie_headers(const http::field_list& response);

/// What is kept of the app's 200 that named the object in a field: its Content-Type, Content-Disposition,
/// Cache-Control, Expires, Set-Cookie and every other end-to-end field, but for what describes the bytes of that
/// response (Content-Length, -Range, -Encoding, digests, ETag, Last-Modified, Accept-Ranges), what Sluice writes itself
/// (Date, X-Content-Type-Options), each of `object_headers`, and with `cors_configured` Access-Control-*.
/// `object_headers` are config::config::object_headers; `_` counts as `-`.
[[nodiscard]] http::header_list object_response_headers(const http::field_list& response,
                                                        std::span<const std::string> object_headers,
                                                        bool cors_configured);

} // namespace sluice::authorize
