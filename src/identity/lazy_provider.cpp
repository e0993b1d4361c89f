#include <sluice/identity/lazy_provider.hpp>

#include <utility>

namespace sluice::identity {

template <class T>
lazy_provider<T>::lazy_provider(std::unique_ptr<source<T>> from, wall_clock clock, std::string store)
    : inner_(std::move(from), clock, std::move(store))
    , clock_(std::move(clock)) {
    observe({});
}

template <class T>
void lazy_provider<T>::observe(refresh_observer o) {
    o.tried = [this, tried = std::move(o.tried)](bool ok) {
        wake_waiters();
        tried(ok);
    };
    inner_.observe(std::move(o));
}

template <class T>
void lazy_provider<T>::wake_waiters() {
    const mutex_lock lock(mutex_);
    for (const auto& each : waiters_) {
        if (const auto waiter = each.lock()) {
            waiter->notify();
        }
    }
    waiters_.clear();
}

/// The result of `get` where it does not have to wait.
template <class T>
std::optional<result<typename lazy_provider<T>::snapshot>> lazy_provider<T>::known() const {
    if (auto current = inner_.current(); is_valid(current, clock_())) {
        return result<snapshot>(std::move(current));
    }
    if (auto last = inner_.status().last_attempt; !last) {
        return result<snapshot>(std::move(last).error());
    }
    return std::nullopt;
}

template <class T>
void lazy_provider<T>::request(const std::shared_ptr<async_event>& waiter) {
    {
        const mutex_lock lock(mutex_);
        waiters_.push_back(waiter);
    }
    wake_run();
    inner_.wake(); // the wall clock may have passed the expiry of the current one
}

template <class T>
void lazy_provider<T>::wake_run() {
    const mutex_lock lock(mutex_);
    const auto idle = idle_.lock();
    if (!requested_ && idle) {
        idle->notify();
    }
    requested_ = true;
}

template <class T>
awaitable<result<typename lazy_provider<T>::snapshot>> lazy_provider<T>::get(steady_clock::time_point deadline) {
    auto at_once = known();
    if (at_once) {
        co_return *at_once;
    }
    const auto ex = co_await asio::this_coro::executor;
    const auto wake = std::make_shared<async_event>(ex);
    for (;;) {
        request(wake); // before looking, so that no result is missed
        auto got = known();
        if (!got && steady_clock::now() < deadline) {
            co_await wake->wait_until(deadline);
            got = known();
        }
        if (got) {
            co_return *got;
        }
        if (steady_clock::now() >= deadline) {
            co_return error{errc::timeout, error_source::origin, true, inner_.status().source + ": takes too long"};
        }
    }
}

template <class T>
awaitable<void> lazy_provider<T>::run(executor ex, http_client& client) {
    const auto idle = std::make_shared<async_event>(ex);
    bool requested = false;
    {
        const mutex_lock lock(mutex_);
        idle_ = idle;
        requested = requested_;
    }
    if (!requested) {
        co_await idle->wait_until(steady_clock::time_point::max()); // `stop` ends it too
    }
    co_await inner_.run(ex, client);
}

template <class T>
void lazy_provider<T>::stop() {
    inner_.stop();
    wake_run();
}

template class lazy_provider<user_delegation_key>;

} // namespace sluice::identity
