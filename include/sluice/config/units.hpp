#pragma once

#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// Numbers, sizes, times and shares as the configuration writes them. Pure; errors are `errc::bad_config` with a detail
/// that never holds the text itself.
namespace sluice::config {

/// A whole number in base 10: `010` is ten, whatever YAML 1.1 makes of it. No sign, no separators.
[[nodiscard]] result<std::uint64_t> parse_number(std::string_view text);

/// A size in bytes: a whole number with `B`, `KiB`, `MiB`, `GiB`, `TiB`, or the same without the B (`20Gi`). Only `0`
/// may stand without a unit. Decimal units (`GB`) are refused: they are too often meant as the others.
[[nodiscard]] result<std::uint64_t> parse_size(std::string_view text);

/// A time: a whole number with `ms`, `s`, `m`, `h` or `d`. Only `0` may stand without a unit.
[[nodiscard]] result<duration> parse_duration(std::string_view text);

/// `N%` as a whole number from 0 to 100.
[[nodiscard]] result<unsigned> parse_percent(std::string_view text);

/// `true` or `false`; YAML 1.1's other words (`yes`, `on`) are refused.
[[nodiscard]] result<bool> parse_bool(std::string_view text);

/// The shortest text that `parse_size` reads as `bytes`, as `20GiB`.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// A text that `parse_duration` reads as `value` (not negative) in the largest unit that leaves no rest, hours at most:
/// `24h`.
[[nodiscard]] std::string format_duration(duration value);

} // namespace sluice::config
