#pragma once

#include <sluice/base/asio.hpp>

#include <atomic>
#include <memory>

namespace sluice {

/// Wakes one coroutine from any thread. A notification that comes before the wait is kept, several count as one.
///
/// Held by `shared_ptr`: a notifier on another worker may outlive the waiter.
class event : public std::enable_shared_from_this<event> {
public:
    explicit event(executor ex)
        : executor_(ex) {}

    /// Completes once `notify` was called since the last completion. On the executor's thread only, one wait at a time.
    awaitable<void> wait();

    /// Posts the wake-up to the waiter's worker. From any thread.
    void notify();

    /// `notify` of the event at `e`, as a callback.
    static void notify_at(void* e) { static_cast<event*>(e)->notify(); }

private:
    struct waiting {
        virtual ~waiting() = default;
        virtual void resume() = 0;
    };
    template <class Handler>
    struct waiting_handler;

    void arrive();

    executor executor_;
    std::unique_ptr<waiting> waiting_; // touched on the executor's thread alone, as is signalled_
    bool signalled_{false};
    std::atomic<bool> posted_{false};
};

} // namespace sluice
