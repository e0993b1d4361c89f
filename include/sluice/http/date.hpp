#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// HTTP dates (RFC 9110 §5.6.7).
namespace sluice::http {

/// Reads an IMF-fixdate, or one of the two obsolete forms (RFC 850's, and C's asctime). nullopt where `text` is not
/// exactly such a date, or its day of the week is wrong. Two-digit years are 1969 to 2068, as POSIX has them; the day
/// of the week guards against the other century.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

/// `time` as an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. Fractions of a second are dropped by the caller's
/// `floor<seconds>`.
[[nodiscard]] std::string format_http_date(std::chrono::sys_seconds time);

} // namespace sluice::http
