#pragma once

#include <sluice/base/error.hpp>

#include <string>
#include <string_view>

/// Request targets, taken apart by hand: a library that normalises (Boost.URL decodes %2F) would let what the app
/// authorises and what is fetched become two things.
namespace sluice::http {

/// An origin-form target (RFC 9112 §3.2.1) in its two parts, both raw. Views into the target.
struct target_parts {
    std::string_view path;
    std::string_view query; ///< what follows the first `?`
    bool has_query{false};  ///< true for a bare `?` too
};

[[nodiscard]] target_parts split_target(std::string_view target) noexcept;

/// True where the raw path means the same to every reader, so that it may match a media route. False, and it is
/// relayed as it came, for: no leading `/`; `//`; `%2F`, `%5C`, `\`; a dot segment, plain or encoded; `;` or `%3B`;
/// `?` or `#`; control characters (C0, DEL, C1), raw or encoded; spaces and bytes above 0x7e, raw; invalid UTF-8 after
/// decoding; `%` without two hex digits.
[[nodiscard]] bool is_media_safe_path(std::string_view raw_path) noexcept;

/// Decodes `%XX` once; `+` stays. The result may hold any byte.
/// Error: `errc::bad_request` (source client) for `%` without two hex digits.
[[nodiscard]] result<std::string> percent_decode(std::string_view text);

/// Encodes everything but the unreserved characters of RFC 3986 §2.3, `/` included, in upper-case hex.
[[nodiscard]] std::string percent_encode_path_segment(std::string_view text);

/// True where `text` is UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

} // namespace sluice::http
