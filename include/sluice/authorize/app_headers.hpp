#pragma once

#include <sluice/http/head.hpp>

#include <span>
#include <string>

/// Which fields of the app's answers reach the client of a media response. Pure.
namespace sluice::authorize {

/// Fields of one answer, as whole lines, and what they say, so that nobody says it twice.
struct header_block {
    std::string lines;
    bool says_cache_control{false};
    bool says_content_type{false}; ///< object_answer_fields only
    bool says_disposition{false};  ///< object_answer_fields only
};

/// What the app's middleware adds to every answer, from one that granted: Access-Control-* (none with
/// `cors_configured`: the route says those itself), Vary, Cache-Control, and the security fields. Without Set-Cookie,
/// which is its caller's alone. A Cache-Control that lets shared caches keep the answer (`public`, `s-maxage`) becomes
/// `private, no-cache`.
[[nodiscard]] header_block allowed_app_headers(const http::field_list& answer, bool cors_configured);

/// The Set-Cookie fields of an answer, as whole lines.
[[nodiscard]] std::string set_cookie_headers(const http::field_list& answer);

/// What is kept of the app's 200 that named the object in a field: its Content-Type, Content-Disposition,
/// Cache-Control, Expires, Set-Cookie and every other end-to-end field, but for what says something about the bytes of
/// that answer (Content-Length, -Range, -Encoding, digests, ETag, Last-Modified, Accept-Ranges), what Sluice writes
/// itself (Date, X-Content-Type-Options), each of `object_headers`, and with `cors_configured` Access-Control-*.
/// `object_headers` are config::config::object_headers; `_` counts as `-`.
[[nodiscard]] header_block object_response_headers(const http::field_list& answer,
                                                   std::span<const std::string> object_headers, bool cors_configured);

} // namespace sluice::authorize
