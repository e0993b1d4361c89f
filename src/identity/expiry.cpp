#include <sluice/identity/expiry.hpp>

#include <algorithm>

namespace sluice::identity {

time_point expiry_after(time_point now, std::chrono::seconds left) noexcept {
    return now + std::clamp(left, -max_credential_lifetime, max_credential_lifetime);
}

time_point expiry_at(time_point now, time_point end) noexcept {
    return std::min(end, now + max_credential_lifetime);
}

} // namespace sluice::identity
