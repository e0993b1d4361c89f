#pragma once

#include <sluice/proxy/media.hpp>
#include <sluice/proxy/multipart.hpp>

#include <string>

/// The heads of media responses. Pure but for the date.
namespace sluice::proxy {

/// What a client's preconditions and range come to for one version.
struct plan {
    unsigned status{200}; ///< 200, 206, 304, 412 or 416
    http::byte_range bytes{};
    bool has_body{false}; ///< bytes [bytes.first, bytes.last] follow the head, or `several`
    std::optional<multipart> several{};
};

/// RFC 9110 §13.2.2 and §14.2 in their order: preconditions, If-Range, Range.
[[nodiscard]] plan make_plan(const media_request& m, const representation& r);

/// Sets `range` or `ranges` of a request to what its `Range` asks for; neither where there is none, and where it is
/// ignored (RFC 9110 §14.2).
void take_ranges(media_request& m);

/// Whether any field of the request is a condition (RFC 9110 §13.1), which only a validator can decide.
[[nodiscard]] bool has_conditions(const media_request& m) noexcept;

/// Writes a whole head, last CRLF included, and sets x.status.
void append_head(std::string& out, media_request& m, const representation& r, const plan& p);

/// The longest life of a URL that a redirect hands out.
inline constexpr std::chrono::seconds longest_redirect = std::chrono::minutes(5);

/// What the URL of a redirect is to say: the store's `url_expiry`, `longest_redirect` at most; the type and disposition
/// that the route or the app gave, and where neither gave a type the disposition `attachment`, which changes nothing
/// for a player.
[[nodiscard]] sign::presign_options redirect_options(const media_request& m);

/// Writes a whole head of a 307 (RFC 9110 §15.4.8), last CRLF included, and sets x.status. False where `location` can
/// stand in no field.
[[nodiscard]] bool append_redirect_head(std::string& out, media_request& m, std::string_view location);

/// `Cache-Status` of a response that does not come out of the cache: a whole line.
[[nodiscard]] std::string bypass_status(std::string_view detail);

/// True for types that a browser may show in place: image but SVG, audio, video, PDF, plain text.
[[nodiscard]] bool is_inline_type(std::string_view content_type) noexcept;

} // namespace sluice::proxy
