#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/sign/failure_backoff.hpp>

#include <utility>

namespace sluice::sign {

namespace {

/// An answer that has not come after that is asked for anew: whoever asked is gone.
constexpr std::chrono::seconds longest_asking{10};

} // namespace

std::optional<error> failure_memory::refusal(time_point now) {
    const std::lock_guard lock(mutex_);
    if (!failure_) {
        return std::nullopt;
    }
    if (waiting(now)) {
        return failure_;
    }
    asking_ = true;
    since_ = now;
    until_ = now + longest_asking;
    return std::nullopt;
}

void failure_memory::failed(error e, time_point now) {
    const std::lock_guard lock(mutex_);
    if (waiting(now) && !asking_) {
        return; // of several that asked at the same time, the first one counts
    }
    failure_ = std::move(e);
    asking_ = false;
    since_ = now;
    until_ = now + identity::renewal_plan::after_failure(++failures_, now, std::nullopt, identity::random_unit());
}

void failure_memory::succeeded() {
    const std::lock_guard lock(mutex_);
    failure_.reset();
    failures_ = 0;
    asking_ = false;
}

} // namespace sluice::sign
