#pragma once

#include <sluice/config/config.hpp>

#include <chrono>
#include <cstdint>

/// Which clients hold others up at the app. Pure.
namespace sluice::media {

/// Bytes a second that a client must take which keeps others waiting, over `observation_time` in which it is the client
/// that is waited for.
inline constexpr std::uint64_t min_holder_rate = 64 * 1024;

/// How long such a client is looked at before it is judged: half of `fallback.after`, which is how long the others
/// wait, but 1 to 2 s.
[[nodiscard]] std::chrono::milliseconds observation_time(const config::fallback& settings) noexcept;

} // namespace sluice::media
