#pragma once

#include <sluice/base/asio.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>

namespace sluice::test {

/// Runs `test` on the caller's thread until neither it nor anything that it began is left.
inline void run(asio::io_context& context, awaitable<void> test) {
    std::exception_ptr thrown;
    asio::co_spawn(context, std::move(test), [&thrown](std::exception_ptr e) { thrown = std::move(e); });
    context.restart(); // an earlier run may have stopped it
    context.run();
    context.restart();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

/// Lets everything that is ready on this worker run once.
inline awaitable<void> turn() {
    const auto ex = co_await asio::this_coro::executor;
    co_await asio::post(ex, asio::use_awaitable_t<executor>{});
}

} // namespace sluice::test
