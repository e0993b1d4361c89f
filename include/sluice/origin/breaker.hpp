#pragma once

#include <sluice/base/asio.hpp>

#include <mutex>

namespace sluice::origin {

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
