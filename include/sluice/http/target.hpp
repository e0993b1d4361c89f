#pragma once

#include <sluice/base/text.hpp>

#include <string_view>

/// Request targets, parsed by hand: with a library that normalises (Boost.URL decodes %2F), the app could authorize one
/// thing and Sluice fetch another.
namespace sluice::http {

/// An origin-form target (RFC 9112 §3.2.1) in its two parts, both raw. Views into the target.
struct target_parts {
    std::string_view path;
    std::string_view query; ///< what follows the first `?`
    bool has_query{false};  ///< true for a bare `?` too
};

/// Splits at the first `?`.
[[nodiscard]] target_parts split_target(std::string_view target) noexcept;

/// True where every reader understands the raw path in the same way, so that it may match a media route. False, and it
/// is relayed unchanged, for: no leading `/`; `//`; `%2F`, `%5C`, `\`; a dot segment, plain or encoded; `;` or `%3B`;
/// `?` or `#`; control characters (C0, DEL, C1), raw or encoded; spaces and bytes above 0x7e, raw; invalid UTF-8 after
/// decoding; `%` without two hex digits.
[[nodiscard]] bool is_media_safe_path(std::string_view raw_path) noexcept;

} // namespace sluice::http
