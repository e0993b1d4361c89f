#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <ratio>
#include <type_traits>

/// Whether what is stored may be served without asking again (RFC 9111 §4.2), by our own `max_age` alone.
namespace sluice::http {

/// A duration that counts whole ticks of any length: milliseconds of the config as well as hours.
template <class D>
concept whole_duration =
    std::integral<typename D::rep> && std::same_as<D, std::chrono::duration<typename D::rep, typename D::period>>;

namespace detail {

/// `count` times `factor`, saturated.
[[nodiscard]] constexpr std::uint64_t saturated_product(std::uint64_t count, std::uint64_t factor) noexcept {
    return count > UINT64_MAX / factor ? UINT64_MAX : count * factor;
}

/// `a` plus `b`, saturated.
[[nodiscard]] constexpr std::uint64_t saturated_sum(std::uint64_t a, std::uint64_t b) noexcept {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/// How many ticks of `Unit`, the finer one, are in a tick of `D`.
template <class Unit, class D>
inline constexpr std::uint64_t ticks_per = std::ratio_divide<typename D::period, typename Unit::period>::num;

/// `d` as ticks of `Unit`; 0 where it is negative. The longest that `d` could be stands for "endless".
template <class Unit, whole_duration D>
[[nodiscard]] constexpr std::uint64_t ticks(D d) noexcept {
    if (d == D::max()) {
        return UINT64_MAX;
    }
    return d < D::zero() ? 0 : saturated_product(static_cast<std::uint64_t>(d.count()), ticks_per<Unit, D>);
}

/// Whether `then` is at most `now` and less than `limit` ticks of `Unit` before it. In unsigned arithmetic, so that no
/// pair of times overflows.
template <class Unit, class Clock, class Duration>
[[nodiscard]] constexpr bool is_within(std::chrono::time_point<Clock, Duration> then,
                                       std::chrono::time_point<Clock, Duration> now, std::uint64_t limit) noexcept {
    if (then > now) {
        return false;
    }
    const std::uint64_t age = static_cast<std::uint64_t>(now.time_since_epoch().count()) -
                              static_cast<std::uint64_t>(then.time_since_epoch().count());
    return limit == UINT64_MAX || saturated_product(age, ticks_per<Unit, Duration>) < limit;
}

} // namespace detail

/// True where what was last checked at `checked_at` is younger than `max_age` (0 or less: never). A `checked_at` in the
/// future (a clock that was set back) counts as stale. `max_age` of `D::max()` is that of an immutable object, which
/// does not age: true whatever the times are. Any clock and any duration of whole ticks; nothing overflows.
template <class Clock, whole_duration Duration, whole_duration D>
[[nodiscard]] constexpr bool is_fresh(std::chrono::time_point<Clock, Duration> checked_at,
                                      std::chrono::time_point<Clock, Duration> now, D max_age) noexcept {
    using unit = std::common_type_t<Duration, D>;
    return max_age == D::max() || detail::is_within<unit>(checked_at, now, detail::ticks<unit>(max_age));
}

/// True where it is younger than `max_age` and `stale_for` together: what may still be served while the origin is down
/// (RFC 5861 §4) or is being asked (§3). Each of the two may be its type's `max()`, which is endless; else as
/// `is_fresh`.
template <class Clock, whole_duration Duration, whole_duration D, whole_duration E>
[[nodiscard]] constexpr bool is_usable_stale(std::chrono::time_point<Clock, Duration> checked_at,
                                             std::chrono::time_point<Clock, Duration> now, D max_age,
                                             E stale_for) noexcept {
    using unit = std::common_type_t<Duration, D, E>;
    const auto limit = detail::saturated_sum(detail::ticks<unit>(max_age), detail::ticks<unit>(stale_for));
    return max_age == D::max() || detail::is_within<unit>(checked_at, now, limit);
}

} // namespace sluice::http
