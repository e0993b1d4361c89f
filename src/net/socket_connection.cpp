#include "socket_connection.hpp"

#include <sluice/net/gather.hpp>

#include <sys/socket.h>

#include <cerrno>

namespace sluice::net {

socket_connection::socket_connection(worker& w, error_source whose, std::shared_ptr<pool_connections> among)
    : socket_(w.get_executor())
    , deadline_(
          w.deadlines, [](void* self) { static_cast<socket_connection*>(self)->socket_connection::close(); }, this)
    , among_(std::move(among))
    , entry_(among_->all, *this) {
    source = whose;
    among_->count.fetch_add(1, std::memory_order_relaxed);
}

socket_connection::~socket_connection() {
    among_->count.fetch_sub(1, std::memory_order_relaxed);
}

error socket_connection::lost(std::string_view what) const {
    if (deadline_.expired()) {
        return {errc::timeout, source, true, deadline_.text()};
    }
    return {errc::connection_lost, source, true, std::string(what)};
}

awaitable<result<void>> socket_connection::connect(asio::ip::tcp::endpoint to, steady_clock::time_point deadline) {
    boost::system::error_code ec;
    socket_.close(ec);
    socket_.open(to.protocol(), ec);
    if (ec) {
        co_return error{errc::connect_failed, source, true, ec.message()};
    }
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    deadline_.expires_at(deadline);
    auto [failed] = co_await socket_.async_connect(to, use_tuple);
    if (failed) {
        const bool late = deadline_.expired();
        socket_.close(ignored);
        co_return error{late ? errc::timeout : errc::connect_failed, source, true, failed.message()};
    }
    // Sends and receives of our own go past Asio, which would set this only at its first operation.
    socket_.native_non_blocking(true, ignored);
    co_return result<void>{};
}

bool socket_connection::is_idle() noexcept {
    if (!socket_.is_open()) {
        return false;
    }
    char byte = 0;
    const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void socket_connection::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

awaitable<result<std::size_t>> plain_connection::read_some(asio::mutable_buffer buffer) {
    auto [ec, n] = co_await socket_.async_read_some(buffer, use_tuple);
    if (ec) {
        eof_ = ec == asio::error::eof;
        co_return lost(ec.message());
    }
    co_return n;
}

awaitable<result<void>> plain_connection::wait_readable() {
    auto [ec] = co_await socket_.async_wait(tcp_socket::wait_read, use_tuple);
    if (ec) {
        co_return lost(ec.message());
    }
    co_return result<void>{};
}

result<std::size_t> plain_connection::try_read_some(asio::mutable_buffer buffer) {
    const ssize_t n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) {
        return static_cast<std::size_t>(n);
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return std::size_t{0};
    }
    eof_ = n == 0;
    return lost("closed by the peer");
}

awaitable<result<void>> plain_connection::write(std::string_view a, std::string_view b, std::string_view c) {
    gather rest(a, b, c);
    while (!rest.empty()) {
        const ssize_t n = rest.send(socket_.native_handle());
        if (n >= 0) {
            sent += static_cast<std::uint64_t>(n);
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            co_return lost("cannot send");
        }
        auto [ec] = co_await socket_.async_wait(tcp_socket::wait_write, use_tuple);
        if (ec) {
            co_return lost(ec.message());
        }
    }
    co_return result<void>{};
}

awaitable<void> plain_connection::shutdown_send() {
    boost::system::error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
    co_return;
}

} // namespace sluice::net
