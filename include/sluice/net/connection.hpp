#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/deadline.hpp>
#include <sluice/net/peer.hpp>

#include <boost/asio/buffer.hpp>

#include <memory>
#include <string_view>

namespace sluice::net {

/// One connection to the app or to a store, plain or TLS. Lives on one worker.
class connection {
public:
    virtual ~connection() = default;

    /// Reads what has come, at least one byte. Errors: `timeout` where the deadline passed, `connection_lost` (also for
    /// the peer's clean end, see `eof()`). `buffer` must live until completion. One read at a time.
    virtual awaitable<result<std::size_t>> read_some(asio::mutable_buffer buffer) = 0;

    /// Completes when there may be something to read, so that a silent peer holds no buffer. Else as `read_some`.
    virtual awaitable<result<void>> wait_readable() = 0;

    /// Reads what has come without waiting: 0 where nothing has. For TLS always 0.
    virtual result<std::size_t> try_read_some(asio::mutable_buffer buffer) = 0;

    /// Writes all of `a`, `b` and `c`, in as few segments as can be. One write at a time; may overlap a read. All must
    /// live until completion. Errors: `timeout`, `connection_lost`; what the peer sent before can still be read then.
    virtual awaitable<result<void>> write(std::string_view a, std::string_view b, std::string_view c) = 0;
    /// The same of one text.
    awaitable<result<void>> write(std::string_view a) { return write(a, {}, {}); }

    /// Ends our direction (TLS: close_notify; then, in both, the TCP half close).
    virtual awaitable<void> shutdown_send() = 0;

    /// Cuts the connection; pending operations complete with an error.
    virtual void close() = 0;
    /// `close` of the connection at `c`, as a callback.
    static void close_at(void* c) { static_cast<connection*>(c)->close(); }

    /// Closes the connection at its expiry. The user moves it by phases.
    virtual deadline& timer() = 0;

    /// True where the last failed read was the peer's clean end (for TLS: after close_notify).
    [[nodiscard]] virtual bool eof() const noexcept = 0;

    /// True where nothing was received since the last message and the peer has not closed: fit for another request.
    [[nodiscard]] virtual bool is_idle() noexcept = 0;

    /// Whose fault the peer's errors are.
    error_source source{error_source::origin};
    /// Requests served before the current one.
    unsigned uses{0};
    /// Bytes that the socket has taken so far: shows whether a failed write sent anything.
    std::uint64_t sent{0};
    /// How long the peer keeps an idle connection, by its `Keep-Alive: timeout=`; 0: it did not say.
    std::chrono::milliseconds keep_alive_hint{0};
    /// The last response had no content by rule (to a HEAD, 204, 304). Some servers send content all the same, so the
    /// pool waits a moment before it uses the connection again.
    bool needs_cooldown{false};
};

} // namespace sluice::net
