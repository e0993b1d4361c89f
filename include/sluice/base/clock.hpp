#pragma once

#include <chrono>
#include <functional>

namespace sluice {

/// The wall clock, injectable: signatures, expiry times and dates in fields come from it, durations never do.
using wall_clock = std::function<std::chrono::system_clock::time_point()>;

/// The system's own.
[[nodiscard]] inline wall_clock system_wall_clock() {
    return [] { return std::chrono::system_clock::now(); };
}

} // namespace sluice
