#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/async_event.hpp>

namespace sluice {

/// The detached coroutines of one worker: connections, fills, background work.
///
/// All members on the worker's thread only.
class task_group {
public:
    /// `ex`: of the worker that runs the tasks.
    explicit task_group(executor ex);

    /// Starts `task` on this worker. An exception from it is logged, and ends only that task. Throws `std::bad_alloc`
    /// where it cannot be started.
    void spawn(awaitable<void> task);

    /// How many are running.
    [[nodiscard]] std::size_t size() const noexcept { return running_; }

    /// Completes once none is running; one caller at a time.
    awaitable<void> drained();

private:
    executor executor_;
    std::size_t running_{0};
    std::shared_ptr<async_event> idle_;
};

} // namespace sluice
