#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/worker.hpp>
#include <sluice/session/read_buffer.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::session {

/// The error of what ended because the client has left: `errc::connection_lost`, source client.
[[nodiscard]] error client_gone();

/// The client's side of a session: reads and writes that are bounded in time, what was read and not used yet, and how
/// many bytes moved. Exchanges know nothing else of the client; `tcp_connection` carries it over plain TCP.
///
/// On its worker only. Its one deadline closes the connection, so that every pending operation ends with an error.
class client_connection {
public:
    client_connection(const client_connection&) = delete;
    client_connection& operator=(const client_connection&) = delete;
    virtual ~client_connection() = default;

    /// What was read and not consumed. Valid until the next `read_more` or `compact`.
    [[nodiscard]] std::string_view buffered() const noexcept { return buffer_.view(); }
    /// Drops the first `n` bytes of `buffered()`; views of them stay valid until `read_more`.
    void consume(std::size_t n) noexcept { buffer_.consume(n); }
    /// Reads at least one byte more behind `buffered()`, which grows to `limit` bytes at most. Errors: `timeout`,
    /// `connection_lost`, `header_too_large` where the buffer holds `limit` bytes already.
    virtual awaitable<result<void>> read_more(std::size_t limit) = 0;
    /// Puts bytes that belong to the next message behind `buffered()`; they show after the next `read_more` or
    /// `compact`.
    void unread(std::string_view bytes) { buffer_.unread(bytes); }
    /// Between two messages: joins what was put back, and gives up a buffer that grew large.
    void compact() { buffer_.compact(); }

    /// How long the client may be silent in a `read_some` or `wait_readable`; 0: for any time. Holds until set anew.
    void set_body_timeout(std::chrono::milliseconds silence) noexcept { body_timeout_ = silence; }
    /// Reads at least one byte straight into `out`, past the buffer (which must have been used up first). Errors:
    /// `timeout`, `connection_lost` (`eof()` tells the client's orderly end). One read at a time.
    virtual awaitable<result<std::size_t>> read_some(asio::mutable_buffer out) = 0;
    /// Completes when there is something to read, so that a silent client holds no buffer. Errors as `read_some`.
    virtual awaitable<result<void>> wait_readable() = 0;
    /// Ends a pending `read_some` or `wait_readable` with an error, without closing: nobody wants the body any more.
    virtual void cancel_read() noexcept = 0;
    /// Ends a pending `read_some` or `wait_readable` with `timeout`, and every later one at once: the client sends too
    /// slowly. The connection stays open for a response.
    void refuse_body() noexcept {
        too_slow_ = true;
        cancel_read();
    }
    /// True where the last failed `read_some` was the client's orderly end of its direction.
    [[nodiscard]] bool eof() const noexcept { return eof_; }

    /// Sends all of `head`, then `body`, then `tail`, in as few segments as possible. The send time-out begins anew
    /// whenever something could be sent, and is off afterwards. Errors: `timeout`, `connection_lost`. All three must
    /// live until completion. One write at a time; may overlap a read.
    virtual awaitable<result<void>> write(std::string_view head, std::string_view body = {},
                                          std::string_view tail = {}) = 0;
    /// Sends what can be taken now without waiting; `more`: the rest of a response follows at once. Gives how much was
    /// taken, 0 where the client must be waited for (`wait_writable`). Error: `connection_lost`.
    virtual result<std::size_t> try_write(std::string_view bytes, bool more) = 0;
    /// Likewise the `count` bytes of the file `fd` from `offset` on, without a copy where the transport can; `count` is
    /// at least 1. May wait for the disk: load what is not in the page cache first. Errors: `connection_lost`;
    /// `disk_error` (source internal) where the file ends at or before `offset`.
    virtual result<std::size_t> try_send_file(int fd, std::uint64_t offset, std::size_t count) = 0;
    /// Bounds what may lie unsent in the transport's queue; 0: as the system does. A system call where it changes.
    virtual void limit_queue(std::uint32_t bytes) noexcept = 0;
    /// Whether some could be sent now. A system call.
    [[nodiscard]] virtual bool can_write() noexcept = 0;
    /// Completes when more can be sent; the send time-out runs. Errors: `timeout`, `connection_lost`.
    virtual awaitable<result<void>> wait_writable() = 0;
    /// Completes when the client's host has acknowledged all that was sent but `max_unacknowledged` bytes: memory and
    /// files behind the acknowledged ones are read no more. The send time-out begins anew whenever some were. Errors:
    /// `timeout`, `connection_lost`.
    virtual awaitable<result<void>> wait_acknowledged(std::size_t max_unacknowledged) = 0;

    /// Tells the client that no more will come, then reads and drops what it still sends, for a bounded time, so that
    /// the last response is not lost by a reset (RFC 9112 §9.6). Nothing where it was done before.
    virtual awaitable<void> linger() = 0;
    /// Ends the sending direction only.
    virtual void shutdown_send() noexcept = 0;
    /// Closes in both directions; what the transport has of unsent bytes may still arrive.
    virtual void close() noexcept = 0;
    /// Closes so that the client cannot take what it got for a whole message (over TCP: a reset). Unsent bytes are
    /// dropped.
    virtual void abort() noexcept = 0;
    /// False once it was closed from here, by the deadline too. The client's leaving shows in reads and writes.
    [[nodiscard]] virtual bool is_open() const noexcept = 0;

    /// The session's deadline: closes the connection when it is overdue.
    [[nodiscard]] deadline& timer() noexcept { return deadline_; }
    /// Begins the running time-out of a pending read or write anew, or ends it where none is pending.
    void refresh_timer();
    /// Whether a `read_some` or `wait_readable` waits for the client.
    [[nodiscard]] bool is_reading() const noexcept { return reading_; }
    /// Whether a write waits for the client.
    [[nodiscard]] bool is_writing() const noexcept { return writing_; }

    /// The client's address as text, without port; "" where it went before it was asked for.
    [[nodiscard]] const std::string& remote_address() const noexcept { return remote_address_; }
    /// Bytes that were handed to the transport in total. For tests.
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return sent_; }
    /// Of these, bytes that have left this host's queue: a large queue stays full for many seconds before a slow client
    /// makes room in it. A system call.
    [[nodiscard]] virtual std::uint64_t bytes_taken() noexcept = 0;
    /// Bytes that `read_some` gave in total.
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return received_; }

protected:
    /// `send_timeout`: how long a client may take nothing while something is to be sent.
    client_connection(worker& w, std::string remote_address, std::chrono::milliseconds send_timeout);

    /// Why an operation failed: `timeout` where the deadline closed the connection, else `connection_lost`.
    [[nodiscard]] error lost(std::string_view detail) const;
    /// The same of a read: `timeout` too for a client whose body was refused.
    [[nodiscard]] error read_failed(std::string_view detail) const;

    // What implementations keep up to date.
    read_buffer buffer_;
    deadline deadline_;
    std::uint64_t sent_{0};
    std::uint64_t received_{0};
    bool reading_{false};
    bool writing_{false}; ///< the write timeout takes precedence over the read timeout
    bool eof_{false};
    bool too_slow_{false};

private:
    friend class disconnect_poller;
    /// The descriptor whose state poll(2) tells of the client; for that alone.
    [[nodiscard]] virtual int poll_handle() noexcept = 0;

    const std::chrono::milliseconds send_timeout_;
    std::chrono::milliseconds body_timeout_{0};
    const std::string remote_address_;
};

} // namespace sluice::session
