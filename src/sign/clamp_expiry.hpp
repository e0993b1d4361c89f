#pragma once

#include <sluice/config/values.hpp>

#include <algorithm>
#include <chrono>

namespace sluice::sign {

/// A configured lifetime of URLs in whole seconds, from 1 s to `max`.
[[nodiscard]] inline std::chrono::seconds clamp_expiry(config::duration configured, std::chrono::seconds max) noexcept {
    return std::clamp(std::chrono::duration_cast<std::chrono::seconds>(configured), std::chrono::seconds(1), max);
}

} // namespace sluice::sign
