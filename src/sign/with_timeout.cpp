#include "with_timeout.hpp"

#include <sluice/base/alarm.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::sign {

namespace {

/// A task and who waits for it. Held by both, whoever ends last.
struct errand {
    explicit errand(executor ex)
        : ended(std::make_shared<alarm>(ex)) {}
    asio::cancellation_signal cut;
    std::shared_ptr<alarm> ended;
    std::optional<result<signed_request>> made{};
};

} // namespace

awaitable<result<signed_request>> bounded(awaitable<result<signed_request>> task, steady_clock::time_point give_up) {
    const auto ex = co_await asio::this_coro::executor;
    const auto e = std::make_shared<errand>(ex);
    auto at_end = asio::bind_cancellation_slot(e->cut.slot(), [e](const std::exception_ptr& thrown,
                                                                  result<signed_request> made) {
        e->made = thrown ? error{errc::sign_failed, error_source::internal, true, "signing failed"} : std::move(made);
        e->ended->notify();
    });
    asio::co_spawn(ex, std::move(task), std::move(at_end));
    while (!e->made && steady_clock::now() < give_up) {
        co_await e->ended->wait_until(give_up);
    }
    if (e->made) {
        co_return *std::move(e->made);
    }
    e->cut.emit(asio::cancellation_type::terminal);
    co_return error{errc::timeout, error_source::origin, true, "signing takes too long"};
}

} // namespace sluice::sign
