#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::session {

disconnect_watch::disconnect_watch(exchange& x, void (*on_gone)(void*), void* who)
    : x_(x)
    , on_gone_(on_gone)
    , who_(who) {
    x.worker.disconnects.watches_.push_back(*this);
}

void disconnect_watch::judge(short events, steady_clock::time_point now, bool half_close) {
    const bool reset = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    // While the request's body is read, its reader sees the end, and whether it came too early.
    const bool ended = (events & POLLRDHUP) != 0 && !half_close && x_.body_read;
    if (ended && !ended_) {
        ended_ = now;
    }
    if (reset || (ended && now - *ended_ >= disconnect_watches::after_end)) {
        gone_ = true;
        stop();
        on_gone_(who_);
    }
}

void disconnect_watches::look(steady_clock::time_point now) {
    sockets_.clear();
    polled_.clear();
    for (auto& each : watches_) {
        sockets_.push_back({each.x_.client.native_handle(), POLLRDHUP, 0});
        polled_.push_back(&each);
    }
    if (sockets_.empty() || poll(sockets_.data(), sockets_.size(), 0) <= 0) {
        return;
    }
    for (std::size_t i = 0; i != polled_.size(); ++i) {
        if (sockets_[i].revents != 0) {
            polled_[i]->judge(sockets_[i].revents, now, half_close_);
        }
    }
}

} // namespace sluice::session
