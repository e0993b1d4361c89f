#include <sluice/identity/refresh_schedule.hpp>
#include <sluice/sign/failure_backoff.hpp>

#include <utility>

namespace sluice::sign {

namespace {

/// After that another caller may try: the one that did has gone without reporting an outcome.
constexpr std::chrono::seconds max_try{10};

} // namespace

result<void> failure_backoff::try_use(time_point now) {
    const mutex_lock lock(mutex_);
    if (backing_off(now)) {
        return last_;
    }
    if (!last_) {
        trying_ = true;
        since_ = now;
        until_ = now + max_try;
    }
    return {};
}

void failure_backoff::failed(error e, time_point now) {
    const mutex_lock lock(mutex_);
    if (backing_off(now) && !trying_) {
        return; // of several that used it at the same time, the first to fail counts
    }
    last_ = std::move(e);
    trying_ = false;
    since_ = now;
    until_ = now + identity::refresh_schedule::after_failure(++failures_, now, std::nullopt, identity::random_unit());
}

void failure_backoff::succeeded() {
    const mutex_lock lock(mutex_);
    last_ = result<void>();
    failures_ = 0;
    trying_ = false;
}

} // namespace sluice::sign
