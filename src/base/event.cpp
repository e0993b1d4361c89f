#include <sluice/base/event.hpp>

#include <boost/asio/post.hpp>

namespace sluice {

template <class Handler>
struct event::waiting_handler final : event::waiting {
    explicit waiting_handler(Handler h)
        : handler(std::move(h)) {}
    void resume() override { std::move(handler)(); }
    Handler handler;
};

awaitable<void> event::wait() {
    auto initiation = [](auto handler, event* self) {
        using handler_type = std::decay_t<decltype(handler)>;
        self->waiting_ = std::make_unique<waiting_handler<handler_type>>(std::move(handler));
        if (self->signalled_) {
            // Kept from before: resume through the queue, since a handler must not run inside its own initiation.
            asio::post(self->executor_, [self = self->shared_from_this()] { self->arrive(); });
        }
    };
    return asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(std::move(initiation),
                                                                               asio::use_awaitable_t<executor>{}, this);
}

void event::notify() {
    if (posted_.exchange(true, std::memory_order_acq_rel)) {
        return;
    }
    try {
        asio::post(executor_, [self = shared_from_this()] {
            self->posted_.store(false, std::memory_order_release);
            self->signalled_ = true;
            self->arrive();
        });
    } catch (...) { // no memory: the next one is posted again
        posted_.store(false, std::memory_order_release);
        throw;
    }
}

void event::arrive() {
    if (waiting_ && signalled_) {
        signalled_ = false;
        auto resumed = std::move(waiting_);
        resumed->resume();
    }
}

} // namespace sluice
