#pragma once

#include <sluice/base/async_event.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace sluice::media::simulation {

[[nodiscard]] inline double in_ms(std::chrono::duration<double, std::milli> d) noexcept {
    return d.count();
}

/// Time that passes only where everything waits for it: coroutines run until all of them wait, then the clock is put to
/// what is due next. What is due at the same time comes in the order in which it was asked for, so that a run is the
/// same each time.
class virtual_clock {
public:
    explicit virtual_clock(asio::io_context& context)
        : context_(context) {}

    [[nodiscard]] steady_clock::time_point now() const noexcept { return now_; }
    /// Calls `f` at `t`.
    void call_at(steady_clock::time_point t, std::function<void()> f) { due_.emplace(t, std::move(f)); }
    /// Completes at `t`, or at once where that is over.
    awaitable<void> until(steady_clock::time_point t) {
        if (t > now_) {
            const auto due = std::make_shared<async_event>(context_.get_executor());
            call_at(t, [due] { due->notify(); });
            co_await due->wait();
        }
    }
    /// Runs `task` beside the others. What it throws comes out of `run`.
    void spawn(awaitable<void> task) {
        asio::co_spawn(context_, std::move(task), [](const std::exception_ptr& thrown) {
            if (thrown) {
                std::rethrow_exception(thrown);
            }
        });
    }
    /// Runs until nothing is due any more up to `horizon`.
    void run(steady_clock::time_point horizon) {
        settle();
        while (!due_.empty() && due_.begin()->first <= horizon) {
            const auto next = due_.extract(due_.begin());
            now_ = std::max(now_, next.key());
            next.mapped()();
            settle();
        }
    }

private:
    void settle() {
        context_.restart();
        context_.poll();
    }

    asio::io_context& context_;
    steady_clock::time_point now_{std::chrono::hours(1)};
    std::multimap<steady_clock::time_point, std::function<void()>> due_;
};

} // namespace sluice::media::simulation
