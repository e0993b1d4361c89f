#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/worker.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::session {

/// The client's side of a session: its socket, what was read and not yet used, and the session's one deadline.
///
/// On its worker only. Its deadline closes the socket, so that every pending operation ends with an error.
class client_connection {
public:
    client_connection(tcp_socket socket, worker& w, std::chrono::milliseconds send_timeout);
    client_connection(const client_connection&) = delete;
    client_connection& operator=(const client_connection&) = delete;

    /// What was read and not consumed. The view is valid until the next `read_more`.
    [[nodiscard]] std::string_view buffered() const noexcept;
    /// Drops the first `n` bytes of `buffered()`; moves nothing, so views of them stay valid until `read_more`.
    void consume(std::size_t n) noexcept;
    /// Reads at least one byte more behind `buffered()`; moves and grows the buffer as needed, to `limit` bytes at
    /// most. Errors: `timeout`, `connection_lost`, `header_too_large` where the buffer holds `limit` bytes already.
    awaitable<result<void>> read_more(std::size_t limit);

    /// How long the client may be silent in a `read_some` or `wait_readable`; 0: for any time. Until it is set anew.
    void set_body_timeout(std::chrono::milliseconds silence) noexcept { body_timeout_ = silence; }
    /// Reads body bytes straight into `out`, at least one, past the buffer (which must have been used up first). Moves
    /// the deadline. Errors: `timeout`, `connection_lost` (`eof()` tells the client's clean end). One read at a time.
    awaitable<result<std::size_t>> read_some(asio::mutable_buffer out);
    /// Completes when there is something to read, so that no buffer is held by a silent client. Else as `read_some`.
    awaitable<result<void>> wait_readable();
    /// Whether the client is waited for: for bytes of a body; to take what is sent.
    [[nodiscard]] bool is_reading() const noexcept { return reading_; }
    [[nodiscard]] bool is_writing() const noexcept { return writing_; }
    /// Ends a pending `read_some` or `wait_readable` with `timeout`, and every later one at once; leaves the connection
    /// open for an answer: the client is too slow.
    void give_up_reading() noexcept {
        too_slow_ = true;
        cancel_read();
    }
    /// True where the last failed `read_some` was the client's end of its direction.
    [[nodiscard]] bool eof() const noexcept { return eof_; }
    /// Begins the running time-out anew: something has moved.
    void refresh_timer();
    /// Puts bytes that belong to the next message behind the buffer's content, without moving what views point at:
    /// they are joined at the next `read_more` or `settle`.
    void unread(std::string_view bytes);
    /// Between two messages: joins what was put back, and gives up a buffer that grew large.
    void settle();

    /// Ends a pending `read_some` or `wait_readable` with an error, without closing; for a body that nobody wants any
    /// more.
    void cancel_read() noexcept;

    /// Sends all of `head`, then `body`, then `tail`, in as few segments as can be. The send time-out runs anew
    /// whenever something could be sent; where it ran at all, it is off afterwards. Errors: `timeout`,
    /// `connection_lost`. All must live until completion. One write at a time; may overlap a read.
    awaitable<result<void>> write(std::string_view head, std::string_view body = {}, std::string_view tail = {});

    /// Sends what the socket takes now without waiting; `more`: the rest of a response follows at once (MSG_MORE).
    /// Gives how much was taken, 0 where the socket is full.
    result<std::size_t> try_write(std::string_view bytes, bool more);

    /// Whether the socket can take some now. A system call.
    [[nodiscard]] bool can_write() noexcept;

    /// Completes when the socket can take more; the send time-out runs. Errors: `timeout`, `connection_lost`.
    awaitable<result<void>> wait_writable();

    /// Completes when at most `most` bytes of what was sent are still in the socket, not acknowledged by the client's
    /// host: what lies behind them is read no more. The send time-out runs anew whenever some were. Errors: `timeout`,
    /// `connection_lost`.
    awaitable<result<void>> wait_acknowledged(std::size_t most);

    /// Tells the client that no more will come, then reads and drops what it still sends, for a bounded time, so that
    /// the last response is not lost by a reset (RFC 9112 §9.6). Nothing where it was done before.
    awaitable<void> linger();

    void close() noexcept;
    /// Closes with a reset: the client cannot take what it got for a whole message. Unsent bytes are dropped.
    void abort() noexcept;
    void shutdown_send() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] int native_handle() noexcept { return socket_.native_handle(); }
    [[nodiscard]] deadline& timer() noexcept { return deadline_; }
    [[nodiscard]] worker& owner() noexcept { return worker_; }
    /// The client's address as text, without port.
    [[nodiscard]] const std::string& remote_address() const noexcept { return remote_; }
    /// Bytes that were sent to the client, all told.
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return sent_; }
    /// Of these what has left the socket's queue: a large buffer is full for many seconds before a slow client makes
    /// room in it. A system call.
    [[nodiscard]] std::uint64_t bytes_taken() noexcept;
    /// Body bytes that `read_some` gave, all told.
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return received_; }
    void count_sent(std::uint64_t n) noexcept { sent_ += n; }

private:
    [[nodiscard]] error lost(std::string_view what) const;
    [[nodiscard]] error not_read(const boost::system::error_code& ec) const;
    void join();

    tcp_socket socket_;
    worker& worker_;
    deadline deadline_;
    std::chrono::milliseconds send_timeout_;
    std::vector<char> buffer_;
    std::size_t begin_{0};
    std::size_t end_{0};
    std::string put_back_;
    std::string remote_;
    std::uint64_t sent_{0};
    std::uint64_t received_{0};
    std::chrono::milliseconds body_timeout_{0};
    bool reading_{false}; // a read_some or wait_readable is pending
    bool writing_{false}; // a write waits for the socket; its time-out goes before the reader's
    bool eof_{false};
    bool too_slow_{false};
    bool lingered_{false};
};

} // namespace sluice::session
