#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::session {

disconnect_watch::disconnect_watch(exchange& x, void (*on_disconnect)(void*), void* context)
    : x_(x)
    , on_disconnect_(on_disconnect)
    , context_(context) {
    x.worker.poller.watches_.push_back(*this);
}

void disconnect_watch::call_again() {
    if (!hook_.is_linked()) {
        x_.worker.poller.watches_.push_back(*this);
    }
}

void disconnect_watch::on_events(short events, steady_clock::time_point now, bool half_close) {
    const bool reset = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    // While the request's body is read, its reader sees the end, and whether it came too early.
    const bool ended = (events & POLLRDHUP) != 0 && !half_close && x_.body_read;
    if (ended && !half_closed_) {
        half_closed_ = now;
    }
    if (reset || (ended && now - *half_closed_ >= disconnect_poller::half_close_grace)) {
        gone_ = true;
        stop();
        on_disconnect_(context_);
    }
}

void disconnect_poller::poll(steady_clock::time_point now) {
    descriptors_.clear();
    polled_.clear();
    for (auto& each : watches_) {
        descriptors_.push_back({each.x_.client.poll_handle(), POLLRDHUP, 0});
        polled_.push_back(&each);
    }
    if (descriptors_.empty() || ::poll(descriptors_.data(), descriptors_.size(), 0) <= 0) {
        return;
    }
    for (std::size_t i = 0; i != polled_.size(); ++i) {
        if (descriptors_[i].revents != 0) {
            polled_[i]->on_events(descriptors_[i].revents, now, half_close_);
        }
    }
}

} // namespace sluice::session
