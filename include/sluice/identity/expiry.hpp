#pragma once

#include <sluice/identity/credentials.hpp>

#include <chrono>

/// When credentials end, by our clock, whatever their services say.
namespace sluice::identity {

/// No credential that a service gives is taken to live longer: by then it is asked for anew. Far beyond what any of
/// them gives (Google at most 12 hours, AWS 36, Azure 28), and it keeps sums within the clock's range.
inline constexpr std::chrono::seconds longest_life{std::chrono::days(365)};

/// The end of what lives for `left` from `now`, at most `longest_life`. `left` may be any number, also a negative one.
[[nodiscard]] time_point expiry_after(time_point now, std::chrono::seconds left) noexcept;

/// The end of what a service says ends at `end`: then, or after `longest_life` from `now`.
[[nodiscard]] time_point expiry_at(time_point now, time_point end) noexcept;

} // namespace sluice::identity
