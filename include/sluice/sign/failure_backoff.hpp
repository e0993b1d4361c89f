#pragma once

#include <sluice/base/error.hpp>
#include <sluice/base/mutex.hpp>

#include <chrono>

namespace sluice::sign {

/// The backoff after failures of a service, so that not every request waits for one that is down or refuses us. From
/// any thread.
class failure_backoff {
public:
    /// By the wall clock.
    using time_point = std::chrono::system_clock::time_point;

    /// Asks to use the service at `now`. Success: the caller is to use it, and to report the outcome by `failed` or
    /// `succeeded`. Error: the last failure, because the service is not to be used yet, or because another caller is
    /// trying it: after a failure only one does at a time.
    [[nodiscard]] result<void> try_use(time_point now);
    /// From now on the service is left alone for as long as `identity::refresh_schedule::after_failure` says.
    void failed(error e, time_point now);
    /// The service works again: everybody may use it.
    void succeeded();

private:
    [[nodiscard]] bool backing_off(time_point now) const REQUIRES(mutex_) {
        return !last_ && now >= since_ && now < until_;
    }

    mutex mutex_;
    result<void> last_ GUARDED_BY(mutex_);
    unsigned failures_ GUARDED_BY(mutex_){0}; ///< in a row
    bool trying_ GUARDED_BY(mutex_){false};   ///< since the last failure
    time_point since_ GUARDED_BY(mutex_){};   ///< so that a clock that was set back blocks nobody
    time_point until_ GUARDED_BY(mutex_){};
};

} // namespace sluice::sign
