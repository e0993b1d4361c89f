#pragma once

#include <sluice/base/asio.hpp>

#include <mutex>

namespace sluice::origin {

/// What time an attempt had that timed out.
struct attempt_time {
    steady_clock::duration left;  ///< of the request that it was for, when it began
    steady_clock::duration took;  ///< to its end
    steady_clock::duration whole; ///< the store's own time-out, to an answer's head
};

/// Whether such an attempt says nothing of the store: what ended it was its request's time (one of its own time-outs,
/// that of connecting among them, would have ended it before), and of that there was less than the whole time-out and
/// less than half of `after`, which is what a request has at its beginning.
[[nodiscard]] constexpr bool was_hurried(const attempt_time& t, steady_clock::duration after) noexcept {
    return t.took >= t.left && t.left < t.whole && 2 * t.left < after;
}

/// Keeps a dead store from costing a time-out on each request: after `failures` in a row it is open, and refuses for
/// `open_for`; then one trial may pass, whose outcome closes it or opens it again. From any thread.
class breaker {
public:
    breaker(unsigned failures, std::chrono::milliseconds open_for)
        : failures_(failures)
        , open_for_(open_for) {}

    /// Whether a request may be sent now.
    [[nodiscard]] bool allow(steady_clock::time_point now);
    void succeeded();
    void failed(steady_clock::time_point now);

private:
    const unsigned failures_;
    const std::chrono::milliseconds open_for_;
    std::mutex mutex_;
    unsigned in_a_row_{0};
    steady_clock::time_point open_until_{};
};

} // namespace sluice::origin
