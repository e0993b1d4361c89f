#pragma once

#include <sluice/base/asio.hpp>

#include <boost/intrusive/list.hpp>

#include <poll.h>

#include <chrono>
#include <optional>
#include <vector>

namespace sluice::session {

struct exchange;

/// Notices that the client of an exchange has left while something else is waited for on its behalf, so that nobody
/// works or waits on for it. Looks as long as it lives; must not outlive the exchange. On its worker.
class disconnect_watch {
public:
    /// `on_gone(who)` is called once, by the worker's tick, and may destroy no watch.
    disconnect_watch(exchange& x, void (*on_gone)(void* who), void* who);
    disconnect_watch(const disconnect_watch&) = delete;
    disconnect_watch& operator=(const disconnect_watch&) = delete;

    [[nodiscard]] bool client_gone() const noexcept { return gone_; }
    /// Looks no more: in a tunnel an ended direction means nothing for the other.
    void stop() noexcept { hook_.unlink(); }

private:
    friend class disconnect_watches;
    using hook = boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    /// What `poll` says of the client's socket.
    void judge(short events, steady_clock::time_point now, bool half_close);

    hook hook_;
    exchange& x_;
    void (*on_gone_)(void*);
    void* who_;
    std::optional<steady_clock::time_point> ended_; ///< when the client's direction was first seen to have ended
    bool gone_{false};
};

/// The watches of one worker: one look at all of their sockets a tick.
///
/// The state of the connections is asked for, not their data, so that a byte that a client sent ahead of its next
/// request hides nothing. On the worker's thread only.
class disconnect_watches {
public:
    /// How long a client that has ended its direction is still waited with.
    static constexpr std::chrono::milliseconds after_end{100};

    /// `half_close`: a client may end its direction and wait for its answer for any time (RFC 9112 §9.6); else one that
    /// does counts as gone, as nginx has it. A reset always does.
    explicit disconnect_watches(bool half_close) noexcept
        : half_close_(half_close) {}

    /// Called by the worker's tick.
    void look(steady_clock::time_point now);

private:
    friend class disconnect_watch;

    const bool half_close_;
    boost::intrusive::list<
        disconnect_watch,
        boost::intrusive::member_hook<disconnect_watch, disconnect_watch::hook, &disconnect_watch::hook_>,
        boost::intrusive::constant_time_size<false>>
        watches_;
    std::vector<pollfd> sockets_; // kept for their room, as is
    std::vector<disconnect_watch*> polled_;
};

} // namespace sluice::session
