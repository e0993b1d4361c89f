#include <sluice/base/assert.hpp>
#include <sluice/base/log.hpp>
#include <sluice/base/task_group.hpp>

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace sluice {

task_group::task_group(executor ex)
    : executor_(ex)
    , idle_(std::make_shared<async_event>(ex)) {}

void task_group::spawn(awaitable<void> task) {
    auto ended = [this](const std::exception_ptr& thrown) {
        if (thrown) {
            try {
                std::rethrow_exception(thrown);
            } catch (const std::exception& e) {
                log::error("an internal task ended by an exception: please report it", {{"error", e.what()}});
            } catch (...) {
                log::error("an internal task ended by an exception: please report it",
                           {{"error", "unknown exception"}});
            }
        }
        SLUICE_ASSERT(executor_.running_in_this_thread());
        SLUICE_ASSERT(running_ > 0);
        if (--running_ == 0) {
            idle_->notify();
        }
    };
    ++running_;
    try {
        asio::co_spawn(executor_, std::move(task), std::move(ended));
    } catch (...) { // no memory: it was never started
        --running_;
        throw;
    }
}

awaitable<void> task_group::drained() {
    while (running_ != 0) {
        co_await idle_->wait();
    }
}

} // namespace sluice
