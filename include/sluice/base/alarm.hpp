#pragma once

#include <sluice/base/asio.hpp>

#include <boost/asio/post.hpp>

#include <memory>

namespace sluice {

/// Lets one coroutine wait with a limit of time, and be woken from any thread.
///
/// Held by coroutines and handlers of its worker, by others through `weak_ptr`: what waits then ends with its context,
/// and leaves nothing behind. What a notifier makes of its `weak_ptr` may be the last owner for a moment: the context
/// must outlive the threads that notify.
class alarm : public std::enable_shared_from_this<alarm> {
public:
    explicit alarm(executor ex)
        : timer_(ex) {}

    /// Completes at `until`, or sooner where `notify` is called: once for all calls since the last completion. On the
    /// worker's thread only, one wait at a time.
    awaitable<void> wait_until(steady_clock::time_point until) {
        if (!notified_) {
            timer_.expires_at(until);
            auto [ec] = co_await timer_.async_wait(use_tuple);
            static_cast<void>(ec);
        }
        notified_ = false;
    }

    /// Posts the wake-up to the waiter's worker. From any thread.
    void notify() {
        asio::post(timer_.get_executor(), [self = shared_from_this()] {
            self->notified_ = true;
            self->timer_.cancel();
        });
    }

private:
    steady_timer timer_; // on the worker's thread alone, as is notified_
    bool notified_{false};
};

} // namespace sluice
