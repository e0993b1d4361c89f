#include <sluice/media/slow_holder_rules.hpp>

#include <algorithm>

namespace sluice::media {

std::chrono::milliseconds observation_time(const config::fallback& settings) noexcept {
    return std::clamp<std::chrono::milliseconds>(settings.after / 2, std::chrono::seconds(1), std::chrono::seconds(2));
}

} // namespace sluice::media
