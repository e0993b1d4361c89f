#pragma once

#include <sluice/base/asio.hpp>

#include <boost/intrusive/list.hpp>

#include <poll.h>

#include <chrono>
#include <optional>
#include <vector>

namespace sluice::session {

struct exchange;

/// Notices that the client of an exchange has left while something is waited for on its behalf, so that nobody works or
/// waits on for it. Watches as long as it lives; must not outlive the exchange. On its worker.
class disconnect_watch {
public:
    /// `on_disconnect(context)` is called once, by the worker's tick, and must not destroy a watch.
    disconnect_watch(exchange& x, void (*on_disconnect)(void* context), void* context);
    disconnect_watch(const disconnect_watch&) = delete;
    disconnect_watch& operator=(const disconnect_watch&) = delete;

    /// True from the call of `on_disconnect` on.
    [[nodiscard]] bool client_gone() const noexcept { return gone_; }
    /// Has `on_disconnect` called once more, by the next tick; to be called by `on_disconnect`.
    void call_again();
    /// Watches no more: in a tunnel the end of one direction means nothing for the other.
    void stop() noexcept { hook_.unlink(); }

private:
    friend class disconnect_poller;
    using hook = boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    /// Takes what poll(2) tells of the client.
    void on_events(short events, steady_clock::time_point now, bool half_close);

    hook hook_;
    exchange& x_;
    void (*on_disconnect_)(void*);
    void* context_;
    std::optional<steady_clock::time_point> half_closed_; ///< when its direction was first seen to have ended
    bool gone_{false};
};

/// The watches of one worker: one poll(2) of all their connections a tick.
///
/// It asks for the connections' state and not for data, so that a byte that a client sent ahead of its next request
/// hides nothing. On the worker's thread only.
class disconnect_poller {
public:
    /// How long a client that has ended its direction still counts as there.
    static constexpr std::chrono::milliseconds half_close_grace{100};

    /// `half_close`: a client may end its direction and wait for its response for any time (RFC 9112 §9.6); else one
    /// that does counts as gone, as with nginx. One that resets the connection always does.
    explicit disconnect_poller(bool half_close) noexcept
        : half_close_(half_close) {}

    /// Called by the worker's tick.
    void poll(steady_clock::time_point now);

private:
    friend class disconnect_watch;

    const bool half_close_;
    boost::intrusive::list<
        disconnect_watch,
        boost::intrusive::member_hook<disconnect_watch, disconnect_watch::hook, &disconnect_watch::hook_>,
        boost::intrusive::constant_time_size<false>>
        watches_;
    std::vector<pollfd> descriptors_; // kept for their memory, as is
    std::vector<disconnect_watch*> polled_;
};

} // namespace sluice::session
