#pragma once

#include <sluice/session/client_connection.hpp>

namespace sluice::session {

/// A client over plain TCP. Its operations do what `client_connection` says of them.
class tcp_connection final : public client_connection {
public:
    /// Takes the accepted socket. `send_timeout`: how long a client may take nothing while something is to be sent.
    tcp_connection(tcp_socket socket, worker& w, std::chrono::milliseconds send_timeout);

    awaitable<result<void>> read_more(std::size_t limit) override;
    awaitable<result<std::size_t>> read_some(asio::mutable_buffer out) override;
    awaitable<result<void>> wait_readable() override;
    void cancel_read() noexcept override;

    awaitable<result<void>> write(std::string_view head, std::string_view body, std::string_view tail) override;
    result<std::size_t> try_write(std::string_view bytes, bool more) override;
    /// By sendfile(2), which returns with pages of the file still queued: see `wait_acknowledged`.
    result<std::size_t> try_send_file(int fd, std::uint64_t offset, std::size_t count) override;
    [[nodiscard]] bool can_write() noexcept override;
    awaitable<result<void>> wait_writable() override;
    awaitable<result<void>> wait_acknowledged(std::size_t max_unacknowledged) override;

    awaitable<void> linger() override;
    void limit_queue(std::uint32_t bytes) noexcept override;
    void shutdown_send() noexcept override;
    void close() noexcept override;
    void abort() noexcept override;
    [[nodiscard]] bool is_open() const noexcept override { return socket_.is_open(); }

    [[nodiscard]] std::uint64_t bytes_taken() noexcept override;

private:
    [[nodiscard]] int poll_handle() noexcept override { return socket_.native_handle(); }
    /// Bytes in the socket's queue that the client's host has not acknowledged; -1 where it is closed.
    [[nodiscard]] int unacknowledged() noexcept;

    tcp_socket socket_;
    executor executor_;
    std::uint32_t queue_limit_{0};
    bool lingered_{false};
};

} // namespace sluice::session
