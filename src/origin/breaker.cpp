#include <sluice/origin/breaker.hpp>

#include <algorithm>
#include <functional>

namespace sluice::origin {

bool breaker::allow(steady_clock::time_point now) {
    const mutex_lock lock(mutex_);
    if (!is_open()) {
        return true;
    }
    if (now < open_until_) {
        return false;
    }
    open_until_ = now + open_for_; // this caller is the trial; where it never reports, the next one is
    return true;
}

void breaker::succeeded() {
    const mutex_lock lock(mutex_);
    failing_.clear();
}

void breaker::failed(std::string_view object, steady_clock::time_point now) {
    const mutex_lock lock(mutex_);
    const std::size_t hash = std::hash<std::string_view>()(object);
    if (!is_open() && std::ranges::find(failing_, hash) == failing_.end()) {
        failing_.push_back(hash);
    }
    if (is_open()) {
        open_until_ = now + open_for_;
    }
}

} // namespace sluice::origin
