#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/mutex.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::origin {

/// The times of an attempt that timed out.
struct attempt_time {
    steady_clock::duration left;  ///< until the deadline of its request, when the attempt began
    steady_clock::duration took;  ///< from its beginning to the time-out
    steady_clock::duration whole; ///< the store's `response_timeout`
};

/// Whether an attempt that timed out says nothing about the store: it was ended by its request's deadline and not by a
/// time-out of the store's, and when it began, less was left until that deadline than `response_timeout` and than half
/// of `after` (`fallback.after`), which is what a request has at its beginning.
[[nodiscard]] constexpr bool was_hurried(const attempt_time& t, steady_clock::duration after) noexcept {
    return t.took >= t.left && t.left < t.whole && 2 * t.left < after;
}

/// A circuit breaker, which keeps a dead store from costing every request a time-out. After requests for `failures`
/// different objects have failed, or so many that did not reach the store, with no success in between, it is open and
/// refuses for `open_for`; then one trial may pass, whose outcome closes it or opens it again. One object that always
/// fails never opens it. Thread-safe.
///
/// It says when its opening and its closing are to be logged, so that a store which fails now and then does not flood
/// the log: an opening once in `log_interval`, where it is still open then, and a closing whose opening was.
class breaker {
public:
    /// The least time between two openings that are logged.
    static constexpr std::chrono::minutes log_interval{1};

    breaker(unsigned failures, std::chrono::milliseconds open_for)
        : failures_(failures)
        , open_for_(open_for) {}

    /// Whether a request may be sent now.
    [[nodiscard]] bool allow(steady_clock::time_point now);
    /// A request that was allowed succeeded: it closes. True where that is to be logged.
    [[nodiscard]] bool succeeded();
    /// A request for `object` was given up: once for each, however many attempts it made. "": whatever object it was
    /// for, since the store could not be reached; each such request counts. `cause`: why. True where it is open, and
    /// that is to be logged.
    [[nodiscard]] bool failed(std::string_view object, steady_clock::time_point now, std::string cause);

    /// Whether it refuses, but for trials.
    [[nodiscard]] bool is_open() const;
    /// Why the last request was given up; "": none was.
    [[nodiscard]] std::string cause() const;

private:
    [[nodiscard]] bool has_opened() const REQUIRES(mutex_) { return failing_.size() >= failures_; }

    const unsigned failures_;
    const std::chrono::milliseconds open_for_;
    mutable mutex mutex_;
    std::vector<std::size_t> failing_ GUARDED_BY(mutex_); ///< hashes of objects, at most `failures_`
    steady_clock::time_point open_until_ GUARDED_BY(mutex_){};
    std::string cause_ GUARDED_BY(mutex_);
    bool is_logged_ GUARDED_BY(mutex_){false};                                              ///< that it is open
    steady_clock::time_point next_log_ GUARDED_BY(mutex_){steady_clock::time_point::min()}; ///< of an opening
};

} // namespace sluice::origin
