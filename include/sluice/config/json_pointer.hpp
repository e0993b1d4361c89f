#pragma once

#include <sluice/base/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// The reference tokens of a JSON pointer (RFC 6901 §3, §4) that begins with `/`, with `~1` and `~0` decoded.
/// Errors: `errc::bad_config` for "", for another beginning, a `~` with anything else behind it, control characters,
/// invalid UTF-8, more than 1,024 bytes or more than 16 tokens.
[[nodiscard]] result<std::vector<std::string>> parse_json_pointer(std::string_view text);

} // namespace sluice::config
