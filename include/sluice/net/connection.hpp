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

    /// Reads what is there, at least one byte. Errors: `timeout` where the deadline passed, `connection_lost` (also the
    /// peer's clean end; `eof()` tells them apart). `buffer` must live until completion. One read at a time.
    virtual awaitable<result<std::size_t>> read_some(asio::mutable_buffer buffer) = 0;

    /// Completes when there may be something to read, so that no buffer is held by a silent peer. Else as `read_some`.
    virtual awaitable<result<void>> wait_readable() = 0;

    /// Reads what is there without waiting: 0 where nothing is. For TLS always 0.
    virtual result<std::size_t> try_read_some(asio::mutable_buffer buffer) = 0;

    /// Writes all of `a`, `b` and `c`, in as few segments as can be. One write at a time; may overlap a read. All must
    /// live until completion. Errors: `timeout`, `connection_lost`; what the peer sent before can still be read then.
    virtual awaitable<result<void>> write(std::string_view a, std::string_view b, std::string_view c) = 0;
    awaitable<result<void>> write(std::string_view a) { return write(a, {}, {}); }

    /// Tells the peer that no more will be sent (TLS: close_notify; then, in both, the TCP half close).
    virtual awaitable<void> shutdown_send() = 0;

    /// Cuts the connection; pending operations complete with an error.
    virtual void close() = 0;

    /// Closes at its expiry whatever is pending. The owner moves it by phases.
    virtual deadline& timer() = 0;

    /// True where the last failed read was the peer's clean end (for TLS: after close_notify).
    [[nodiscard]] virtual bool eof() const noexcept = 0;

    /// True where nothing was received since the last message and the peer has not closed: fit for another request.
    [[nodiscard]] virtual bool is_idle() noexcept = 0;

    /// Whose fault the peer's errors are.
    error_source source{error_source::origin};
    /// Requests served before the present one.
    unsigned uses{0};
    /// Bytes handed to the socket so far: tells whether a failed write sent anything.
    std::uint64_t sent{0};
    /// How long the peer said that it keeps the connection when idle (`Keep-Alive: timeout=`); 0: it did not.
    std::chrono::milliseconds keep_alive_hint{0};
    /// The last answer had no content by rule. Not all servers keep to it: the pool waits for what may come behind it.
    bool rests{false};
};

} // namespace sluice::net
