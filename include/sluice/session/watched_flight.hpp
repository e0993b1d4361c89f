#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/exchange.hpp>

#include <memory>
#include <optional>

/// Flights of `single_flight` that clients' requests share, where a client may leave before they complete.
namespace sluice::session {

/// Watches over the client whose request leads `Flight`: once it has left and nobody follows any more, what the flight
/// waits for is canceled; as long as somebody follows, it goes on. `Canceler`: has `cancel()` and `canceled()`, such as
/// `net::request_canceler`. Must not outlive the exchange, the flight or the canceler. On the exchange's worker.
template <class Flight, class Canceler>
class leader_watch {
public:
    leader_watch(exchange& x, Flight& flight, Canceler& canceler)
        : flight_(flight)
        , canceler_(canceler)
        , watch_(
              x, [](void* self) { static_cast<leader_watch*>(self)->on_client_gone(); }, this) {}
    leader_watch(const leader_watch&) = delete;
    leader_watch& operator=(const leader_watch&) = delete;
    ~leader_watch() = default;

    /// Whether the client has left; others may still wait.
    [[nodiscard]] bool client_gone() const noexcept { return watch_.client_gone(); }
    /// Whether the work was given up: nobody is left to get what came of it.
    [[nodiscard]] bool gave_up() const noexcept { return canceler_.canceled(); }

private:
    void on_client_gone() {
        if (flight_.close_if_alone()) {
            canceler_.cancel();
        } else {
            watch_.call_again(); // those who follow may leave as well
        }
    }

    Flight& flight_;
    Canceler& canceler_;
    disconnect_watch watch_;
};

/// A follower's: the leader's result; nullopt where the client of `x` has left before it. Both must live until
/// completion.
template <class Flight>
awaitable<std::optional<typename Flight::value_type>> follow(exchange& x, Flight& flight) {
    const auto wake = std::make_shared<async_event>(x.worker.self.get_executor());
    disconnect_watch watch(x, async_event::notify_at, wake.get());
    const auto gone = [&watch] { return watch.client_gone(); };
    auto led = co_await flight.wait_unless(wake, gone);
    co_return led;
}

} // namespace sluice::session
