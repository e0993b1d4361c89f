#include <sluice/identity/rfc3339.hpp>

#include <fmt/core.h>

#include <cstdint>

namespace sluice::identity {
namespace {

/// `count` digits off the beginning of `text`.
std::optional<unsigned> digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) {
        return std::nullopt;
    }
    unsigned value = 0;
    for (const char c : text.substr(0, count)) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char a, char b = '\0') {
    if (text.empty() || (text.front() != a && (b == '\0' || text.front() != b))) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// `.164306`; 0 where there is none.
std::optional<std::chrono::nanoseconds> fraction(std::string_view& text) {
    std::int64_t value = 0;
    if (!take(text, '.')) {
        return std::chrono::nanoseconds(0);
    }
    std::int64_t unit = 100'000'000;
    std::size_t count = 0;
    for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
        value += unit * (text[count] - '0');
        unit /= 10;
    }
    text.remove_prefix(count);
    return count == 0 ? std::nullopt : std::optional(std::chrono::nanoseconds(value));
}

/// `Z`, or how far the local time is ahead of UTC.
std::optional<std::chrono::minutes> offset(std::string_view& text) {
    if (take(text, 'Z', 'z')) {
        return std::chrono::minutes(0);
    }
    const bool behind = !text.empty() && text.front() == '-';
    if (!take(text, '+', '-')) {
        return std::nullopt;
    }
    const auto hours = digits(text, 2);
    const bool colon = take(text, ':');
    const auto minutes = digits(text, 2);
    if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59) {
        return std::nullopt;
    }
    const auto ahead = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return behind ? -ahead : ahead;
}

} // namespace

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
    const auto year = digits(text, 4);
    const bool dash = take(text, '-');
    const auto month = digits(text, 2);
    const bool second_dash = take(text, '-');
    const auto day = digits(text, 2);
    const bool separated = take(text, 'T', 't');
    const auto hour = digits(text, 2);
    const bool colon = take(text, ':');
    const auto minute = digits(text, 2);
    const bool second_colon = take(text, ':');
    const auto second = digits(text, 2);
    if (!year || !dash || !month || !second_dash || !day || !separated || !hour || !colon || !minute || !second_colon ||
        !second || *hour > 23 || *minute > 59 || *second > 60 || *year < 1970) {
        return std::nullopt;
    }
    const auto part = fraction(text);
    if (!part) {
        return std::nullopt;
    }
    const auto ahead = offset(text);
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                           std::chrono::day(*day));
    if (!ahead || !text.empty() || !date.ok()) {
        return std::nullopt;
    }
    if (*year > 2261) {
        return std::chrono::sys_days(std::chrono::year(2261) / std::chrono::December / std::chrono::day(31));
    }
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + *part - *ahead;
}

std::string format_rfc3339(std::chrono::system_clock::time_point time) {
    const auto days = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(days);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

} // namespace sluice::identity
