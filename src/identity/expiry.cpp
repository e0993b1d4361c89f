#include <sluice/identity/expiry.hpp>

#include <algorithm>

namespace sluice::identity {

time_point expiry_after(time_point now, std::chrono::seconds left) noexcept {
    return now + std::clamp(left, -longest_life, longest_life);
}

time_point expiry_at(time_point now, time_point end) noexcept {
    return std::min(end, now + longest_life);
}

} // namespace sluice::identity
