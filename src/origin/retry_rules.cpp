#include <sluice/http/date.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/origin/retry_rules.hpp>

#include <algorithm>
#include <charconv>

namespace sluice::origin {

namespace {

constexpr std::chrono::milliseconds first_back_off{50};
constexpr std::chrono::milliseconds max_back_off{1000};
/// More is not counted: no request has that much time.
constexpr std::chrono::seconds max_retry_after{24 * 3600};

} // namespace

std::optional<std::chrono::milliseconds> retry_after(const http::response_head& head,
                                                     std::chrono::system_clock::time_point now) {
    const std::string_view text = head.fields.value("Retry-After");
    std::uint32_t seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (end != text.data() && end == text.data() + text.size()) {
        const bool is_too_long = failed == std::errc::result_out_of_range;
        return is_too_long ? max_retry_after
                           : std::min<std::chrono::seconds>(std::chrono::seconds(seconds), max_retry_after);
    }
    const auto date = http::parse_http_date(text);
    if (!date) {
        return std::nullopt;
    }
    // In seconds: the wall clock's nanoseconds end in the year 2262.
    if (*date - std::chrono::floor<std::chrono::seconds>(now) > max_retry_after) {
        return max_retry_after;
    }
    const auto since = std::chrono::floor<std::chrono::milliseconds>(now);
    const auto wait = std::chrono::time_point_cast<std::chrono::milliseconds>(*date) - since;
    return std::clamp<std::chrono::milliseconds>(wait, std::chrono::milliseconds(0), max_retry_after);
}

std::chrono::milliseconds back_off_after(unsigned failed_in_row) noexcept {
    const unsigned doublings = std::min(std::max(failed_in_row, 1U) - 1, 5U);
    return std::min(first_back_off * (1U << doublings), max_back_off);
}

retry after_failure(const failed_attempt& a, steady_clock::duration left) noexcept {
    if (!a.why.retryable || a.why.code == errc::no_credentials) {
        return {};
    }
    const auto pause = std::max(a.asked_for.value_or(std::chrono::milliseconds(0)), back_off_after(a.in_row));
    if (pause >= left) {
        return {};
    }
    return {true, pause, a.asked_for.has_value()};
}

} // namespace sluice::origin
