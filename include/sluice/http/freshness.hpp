#pragma once

#include <chrono>
#include <cstdint>

/// Whether what is stored may be served without asking again (RFC 9111 §4.2), by our own `max_age` alone.
namespace sluice::http {

namespace detail {

/// Whether `then` is at most `now` and less than `limit` before it. In unsigned arithmetic, so that no pair of times
/// and no limit overflows.
template <class Clock, class Duration>
[[nodiscard]] constexpr bool is_within(std::chrono::time_point<Clock, Duration> then,
                                       std::chrono::time_point<Clock, Duration> now, std::uint64_t limit) noexcept {
    if (then > now)
        return false;
    return static_cast<std::uint64_t>(now.time_since_epoch().count()) -
               static_cast<std::uint64_t>(then.time_since_epoch().count()) <
           limit;
}

/// `seconds` as ticks of `Duration`, saturated; 0 where it is negative.
template <class Duration>
[[nodiscard]] constexpr std::uint64_t ticks(std::chrono::seconds seconds) noexcept {
    constexpr auto per_second = static_cast<std::uint64_t>(Duration(std::chrono::seconds(1)).count());
    const auto count = seconds.count() < 0 ? 0 : static_cast<std::uint64_t>(seconds.count());
    return count > UINT64_MAX / per_second ? UINT64_MAX : count * per_second;
}

} // namespace detail

/// True where what was last checked at `checked_at` is younger than `max_age` (0 or less: never). Any clock whose
/// ticks are a second or finer; a `checked_at` in the future (a clock that was set back) counts as stale.
template <class Clock, class Duration>
[[nodiscard]] constexpr bool is_fresh(std::chrono::time_point<Clock, Duration> checked_at,
                                      std::chrono::time_point<Clock, Duration> now,
                                      std::chrono::seconds max_age) noexcept {
    return detail::is_within(checked_at, now, detail::ticks<Duration>(max_age));
}

/// True where it is younger than `max_age` and `stale_if_error` together (RFC 5861 §4): what may still be served while
/// the origin is down.
template <class Clock, class Duration>
[[nodiscard]] constexpr bool
is_usable_on_error(std::chrono::time_point<Clock, Duration> checked_at, std::chrono::time_point<Clock, Duration> now,
                   std::chrono::seconds max_age, std::chrono::seconds stale_if_error) noexcept {
    const auto fresh = detail::ticks<Duration>(max_age);
    const auto stale = detail::ticks<Duration>(stale_if_error);
    return detail::is_within(checked_at, now, stale > UINT64_MAX - fresh ? UINT64_MAX : fresh + stale);
}

} // namespace sluice::http
