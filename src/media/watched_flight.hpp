#pragma once

#include <sluice/base/single_flight.hpp>
#include <sluice/origin/fetch.hpp>
#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/exchange.hpp>

#include <memory>
#include <optional>

/// Questions to the origin that several requests share, and clients that leave before they are answered.
namespace sluice::media::detail {

/// Watches over the client whose request leads `Flight` while it asks the origin: once the client has left and nobody
/// follows any more, the question is given up. Must not outlive the exchange or the flight.
template <class Flight>
class leader_watch {
public:
    leader_watch(session::exchange& x, Flight& flight)
        : flight_(flight)
        , watch_(
              x, [](void* self) { static_cast<leader_watch*>(self)->on_client_gone(); }, this) {}
    leader_watch(const leader_watch&) = delete;
    leader_watch& operator=(const leader_watch&) = delete;
    ~leader_watch() = default;

    /// For the question's fetches.
    [[nodiscard]] origin::fetch_canceler* canceler() noexcept { return &canceler_; }
    /// Whether the question was given up.
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
    origin::fetch_canceler canceler_{};
    session::disconnect_watch watch_;
};

/// A follower's: the leader's result; nullopt where the client of `x` has left before it. Counts as waiting for the
/// store. Both must live until completion.
template <class Value>
awaitable<std::optional<Value>> follow(session::exchange& x, typename single_flight<Value>::flight& flight) {
    const session::origin_wait waiting(x);
    const auto wake = std::make_shared<async_event>(x.worker.self.get_executor());
    session::disconnect_watch watch(x, async_event::notify_at, wake.get());
    const auto gone = [&watch] { return watch.client_gone(); };
    auto led = co_await flight.wait_unless(wake, gone);
    co_return led;
}

} // namespace sluice::media::detail
