#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/deadline.hpp>
#include <sluice/base/task_group.hpp>

namespace sluice {

/// One thread with its own `io_context`. A connection lives and dies on its worker.
struct worker {
    /// `number`: from 0 on.
    explicit worker(unsigned number)
        : index(number)
        , deadlines(context.get_executor())
        , tasks(context.get_executor()) {}

    unsigned index;
    asio::io_context context{1};
    deadline_service deadlines;
    task_group tasks;

    /// Of its event loop.
    [[nodiscard]] executor get_executor() noexcept { return context.get_executor(); }
    /// True on the thread that runs this worker, for assertions.
    [[nodiscard]] bool is_current() noexcept { return get_executor().running_in_this_thread(); }
};

} // namespace sluice
