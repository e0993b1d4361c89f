#include <sluice/origin/hedge_rules.hpp>

namespace sluice::origin {

void hedge_budget::note_request() noexcept {
    int earned = earned_.load(std::memory_order_relaxed);
    while (earned < burst * requests_each &&
           !earned_.compare_exchange_weak(earned, earned + 1, std::memory_order_relaxed)) {
    }
}

bool hedge_budget::try_take() noexcept {
    int earned = earned_.load(std::memory_order_relaxed);
    while (earned >= requests_each) {
        if (earned_.compare_exchange_weak(earned, earned - requests_each, std::memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

} // namespace sluice::origin
