#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::identity {

/// Reads a time of RFC 3339 §5.6 with its zone: `2026-01-15T13:34:56Z`, `…56.164306Z`, `…56+01:00`. nullopt where
/// `text` is not exactly such a time, or names a day that there is not, or one before 1970. A leap second counts as the
/// first of the next minute; digits below a nanosecond are dropped; years past 2261, which this clock cannot hold,
/// become its end.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

/// `time` as `2026-01-15T13:34:56Z`; fractions are dropped.
[[nodiscard]] std::string format_rfc3339(std::chrono::system_clock::time_point time);

} // namespace sluice::identity
