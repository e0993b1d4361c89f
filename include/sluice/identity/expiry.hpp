#pragma once

#include <sluice/identity/credentials.hpp>

#include <chrono>

/// The expiry of credentials by our clock, within bounds whatever their services say.
namespace sluice::identity {

/// A credential that a service issues is taken to live no longer. Far beyond what any of them issues (Google at most 12
/// hours, AWS 36, Azure 28); it keeps sums within the range of the clock.
inline constexpr std::chrono::seconds max_credential_lifetime{std::chrono::days(365)};

/// The expiry of what lives for `left` from `now`, at most `max_credential_lifetime`. `left` may be any number, also a
/// negative one.
[[nodiscard]] time_point expiry_after(time_point now, std::chrono::seconds left) noexcept;

/// The expiry of what expires at `end` according to its service: then, or after `max_credential_lifetime` from `now`.
[[nodiscard]] time_point expiry_at(time_point now, time_point end) noexcept;

} // namespace sluice::identity
