#include <sluice/base/assert.hpp>
#include <sluice/base/async_event.hpp>

#include <boost/asio/post.hpp>

namespace sluice {

awaitable<void> async_event::wait_until(steady_clock::time_point until) {
    SLUICE_ASSERT(executor_.running_in_this_thread());
    SLUICE_ASSERT(waiting_ == nullptr); // one wait at a time
    const auto self = shared_from_this();
    if (!notified_) {
        // In this frame, which the context destroys with what is suspended in it. A member would outlive the context.
        steady_timer timer(executor_, until);
        struct registration {
            steady_timer*& slot;
            ~registration() { slot = nullptr; }
        };
        const registration registered{waiting_};
        waiting_ = &timer;
        auto [ec] = co_await timer.async_wait(use_tuple);
        static_cast<void>(ec); // due or cancelled: the caller asks what it waited for
    }
    notified_ = false;
}

void async_event::notify() {
    if (posted_.exchange(true, std::memory_order_acq_rel)) {
        return;
    }
    try {
        asio::post(executor_, [self = shared_from_this()] {
            self->posted_.store(false, std::memory_order_release);
            self->notified_ = true;
            if (self->waiting_ != nullptr) {
                self->waiting_->cancel();
            }
        });
    } catch (...) { // no memory: the next one is posted again
        posted_.store(false, std::memory_order_release);
        throw;
    }
}

} // namespace sluice
