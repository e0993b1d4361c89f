#include <sluice/origin/breaker.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::origin {

bool breaker::allow(steady_clock::time_point now) {
    const mutex_lock lock(mutex_);
    if (!has_opened()) {
        return true;
    }
    if (now < open_until_) {
        return false;
    }
    open_until_ = now + open_for_; // this caller is the trial; where it never reports, the next one is
    return true;
}

bool breaker::succeeded() {
    const mutex_lock lock(mutex_);
    failing_.clear();
    return std::exchange(is_logged_, false);
}

bool breaker::failed(std::string_view object, steady_clock::time_point now, std::string cause) {
    const mutex_lock lock(mutex_);
    cause_ = std::move(cause);
    const std::size_t hash = std::hash<std::string_view>()(object);
    if (!has_opened() && (object.empty() || std::ranges::find(failing_, hash) == failing_.end())) {
        failing_.push_back(hash);
    }
    if (!has_opened()) {
        return false;
    }
    open_until_ = now + open_for_;
    if (is_logged_ || now < next_log_) {
        return false;
    }
    is_logged_ = true;
    next_log_ = now + log_interval;
    return true;
}

bool breaker::is_open() const {
    const mutex_lock lock(mutex_);
    return has_opened();
}

std::string breaker::cause() const {
    const mutex_lock lock(mutex_);
    return cause_;
}

} // namespace sluice::origin
