#include <sluice/origin/breaker.hpp>

namespace sluice::origin {

bool breaker::allow(steady_clock::time_point now) {
    const mutex_lock lock(mutex_);
    if (in_a_row_ < failures_) {
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
    in_a_row_ = 0;
}

void breaker::failed(steady_clock::time_point now) {
    const mutex_lock lock(mutex_);
    if (++in_a_row_ >= failures_) {
        open_until_ = now + open_for_;
    }
}

} // namespace sluice::origin
