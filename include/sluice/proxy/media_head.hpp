#pragma once

#include <sluice/proxy/media.hpp>

#include <string>

/// The heads of media responses. Pure but for the date.
namespace sluice::proxy {

/// What a client's preconditions and range come to for one version.
struct plan {
    unsigned status{200}; ///< 200, 206, 304, 412 or 416
    http::byte_range bytes{};
    bool has_body{false}; ///< bytes [bytes.first, bytes.last] follow the head
};

/// RFC 9110 §13.2.2 and §14.2 in their order: preconditions, If-Range, Range.
[[nodiscard]] plan make_plan(const media_request& m, const representation& r);

/// The one usable range that a request's `Range` asks for; none where there is none, where it is ignored, and where it
/// lists several (which may be answered whole, RFC 9110 §14.2).
[[nodiscard]] std::optional<http::range_spec> wanted_range(const http::field_list& fields);

/// Writes a whole head, last CRLF included, and sets x.status.
void append_head(std::string& out, media_request& m, const representation& r, const plan& p);

/// `Cache-Status` of a response that does not come out of the cache: a whole line.
[[nodiscard]] std::string bypass_status(std::string_view detail);

/// True for types that a browser may show in place: image but SVG, audio, video, PDF, plain text.
[[nodiscard]] bool is_inline_type(std::string_view content_type) noexcept;

} // namespace sluice::proxy
