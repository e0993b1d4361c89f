#pragma once

#include <chrono>
#include <functional>

namespace sluice {

/// The wall clock, injectable for tests: for signatures, expiry times and dates in fields, never for durations.
using wall_clock = std::function<std::chrono::system_clock::time_point()>;

/// The system's clock.
[[nodiscard]] inline wall_clock system_wall_clock() {
    return [] { return std::chrono::system_clock::now(); };
}

} // namespace sluice
