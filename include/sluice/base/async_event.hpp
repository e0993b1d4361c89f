#pragma once

#include <sluice/base/asio.hpp>

#include <atomic>
#include <memory>

namespace sluice {

/// Wakes one coroutine from any thread. A notification that comes before the wait is kept, several count as one.
///
/// Held by `shared_ptr`, also by notifiers on other threads: it owns nothing of the waiter, so a coroutine that is
/// suspended in a wait ends with its context, and an event that outlives the context is harmless. Only `notify` needs
/// the context.
class async_event : public std::enable_shared_from_this<async_event> {
public:
    /// `ex`: of the worker that waits.
    explicit async_event(executor ex)
        : executor_(ex) {}

    /// Completes once `notify` was called since the last completion, or where the waiting coroutine is cancelled. On
    /// the executor's thread only, one wait at a time.
    awaitable<void> wait() { return wait_until(steady_clock::time_point::max()); }

    /// The same, but completes at `until` at the latest. The caller looks at the clock to tell which it was.
    awaitable<void> wait_until(steady_clock::time_point until);

    /// Posts the wake-up to the waiter's worker. From any thread, while the worker's context exists.
    void notify();

    /// `notify` of the event at `e`, as a callback.
    static void notify_at(void* e) { static_cast<async_event*>(e)->notify(); }

private:
    executor executor_;
    steady_timer* waiting_{nullptr}; ///< of the wait; used on the executor's thread alone, as is `notified_`
    bool notified_{false};
    std::atomic<bool> posted_{false};
};

} // namespace sluice
