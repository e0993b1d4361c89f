#include "with_timeout.hpp"

#include <sluice/base/async_event.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::sign {

namespace {

/// What a task and its waiter share; the last of the two to end destroys it.
struct pending_task {
    explicit pending_task(executor ex)
        : ended(std::make_shared<async_event>(ex)) {}
    asio::cancellation_signal cancel;
    std::shared_ptr<async_event> ended;
    std::optional<result<signed_request>> made{};
};

} // namespace

awaitable<result<signed_request>> with_timeout(awaitable<result<signed_request>> task,
                                               steady_clock::time_point deadline) {
    const auto ex = co_await asio::this_coro::executor;
    const auto pending = std::make_shared<pending_task>(ex);
    auto at_end = asio::bind_cancellation_slot(
        pending->cancel.slot(), [pending](const std::exception_ptr& thrown, result<signed_request> made) {
            pending->made =
                thrown ? error{errc::sign_failed, error_source::internal, true, "signing failed"} : std::move(made);
            pending->ended->notify();
        });
    asio::co_spawn(ex, std::move(task), std::move(at_end));
    while (!pending->made && steady_clock::now() < deadline) {
        co_await pending->ended->wait_until(deadline);
    }
    if (pending->made) {
        co_return *std::move(pending->made);
    }
    pending->cancel.emit(asio::cancellation_type::terminal);
    co_return error{errc::timeout, error_source::origin, true, "signing did not complete in time"};
}

} // namespace sluice::sign
