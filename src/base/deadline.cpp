#include <sluice/base/assert.hpp>
#include <sluice/base/deadline.hpp>

namespace sluice {

std::string timeout_text(std::string_view setting, std::chrono::milliseconds d) {
    const bool whole = d.count() % 1000 == 0;
    std::string text(setting);
    text += " (";
    text += std::to_string(whole ? d.count() / 1000 : d.count());
    text += whole ? "s) ran out" : "ms) ran out";
    return text;
}

deadline_service::deadline_service(executor ex)
    : timer_(ex) {}

awaitable<void> deadline_service::run() {
    SLUICE_ASSERT(!running_);
    running_ = true;
    while (!stopped_) {
        timer_.expires_after(period);
        auto [ec] = co_await timer_.async_wait(use_tuple);
        (void)ec; // cancelled by stop() only, which the loop's condition sees
        now_ = steady_clock::now();
        for (auto it = nodes_.begin(); it != nodes_.end();) {
            // cancel() may post work but never ends a deadline itself: coroutines resume after this loop.
            node& n = *it++;
            if (n.expires <= now_) {
                n.expired = true;
                n.cancel(n.context);
            }
        }
        for (auto& f : ticks_) {
            f();
        }
    }
    running_ = false;
}

bool deadline_service::is_current() noexcept {
    return !running_ || timer_.get_executor().running_in_this_thread();
}

void deadline_service::stop() {
    stopped_ = true;
    timer_.cancel();
}

void deadline_service::on_tick(std::function<void()> f) {
    SLUICE_ASSERT(is_current());
    ticks_.push_back(std::move(f));
}

deadline::deadline(deadline_service& owner, void (*cancel)(void*), void* context) {
    SLUICE_ASSERT(owner.is_current());
    node_.cancel = cancel;
    node_.context = context;
    owner.nodes_.push_back(node_);
}

void deadline::expires_after(std::chrono::milliseconds d, std::string_view setting) {
    setting_ = setting;
    length_ = d;
    if (d.count() <= 0) {
        clear();
    } else {
        expires_at(steady_clock::now() + d);
    }
}

void deadline::expires_at(steady_clock::time_point t) {
    node_.expires = t;
    node_.expired = false;
}

void deadline::clear() {
    expires_at(steady_clock::time_point::max());
}

} // namespace sluice
