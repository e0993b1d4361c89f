#include <sluice/net/gather.hpp>
#include <sluice/session/tcp_connection.hpp>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace sluice::session {
namespace {

constexpr std::chrono::seconds linger_time{5};
/// Between two looks at the socket's queue, of which nothing notifies: at first what a fast client needs, then what
/// very many slow ones cost little. Each interval is as long as all before it together, so that no client waits twice
/// as long as it needs.
constexpr std::chrono::microseconds min_poll_interval{250};
constexpr std::chrono::microseconds max_poll_interval{500'000};

std::string address_text(const tcp_socket& socket) {
    boost::system::error_code ec;
    const auto from = socket.remote_endpoint(ec);
    if (ec) {
        return {};
    }
    auto address = from.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    return address.to_string();
}

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

} // namespace

tcp_connection::tcp_connection(tcp_socket socket, worker& w, std::chrono::milliseconds send_timeout)
    : client_connection(w, address_text(socket), send_timeout)
    , socket_(std::move(socket))
    , executor_(w.get_executor()) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.native_non_blocking(true, ignored); // sends bypass Asio, which would set it at its first operation
}

awaitable<result<void>> tcp_connection::read_more(std::size_t limit) {
    if (buffer_.join()) {
        co_return result<void>{};
    }
    const auto room = buffer_.reserve(limit);
    if (!room) {
        co_return room.error();
    }
    auto [ec, n] = co_await socket_.async_read_some(asio::buffer(room->data(), room->size()), use_tuple);
    if (ec) {
        co_return lost(ec.message());
    }
    buffer_.commit(n);
    co_return result<void>{};
}

awaitable<result<std::size_t>> tcp_connection::read_some(asio::mutable_buffer out) {
    if (too_slow_) {
        co_return read_failed({});
    }
    reading_ = true;
    refresh_timer();
    auto [ec, n] = co_await socket_.async_read_some(out, use_tuple);
    reading_ = false;
    if (ec) {
        eof_ = ec == asio::error::eof;
        co_return read_failed(ec.message());
    }
    received_ += n;
    refresh_timer();
    co_return n;
}

awaitable<result<void>> tcp_connection::wait_readable() {
    if (too_slow_) {
        co_return read_failed({});
    }
    reading_ = true;
    refresh_timer();
    auto [ec] = co_await socket_.async_wait(tcp_socket::wait_read, use_tuple);
    reading_ = false;
    if (ec) {
        co_return read_failed(ec.message());
    }
    refresh_timer();
    co_return result<void>{};
}

void tcp_connection::limit_queue(std::uint32_t bytes) noexcept {
    if (bytes == queue_limit_ || !socket_.is_open()) {
        return;
    }
    queue_limit_ = bytes;
    const int value = static_cast<int>(bytes);
    // tcp(7): where the system does not know it, the queue is as long as it likes, and more is fetched ahead.
    (void)setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof(value));
}

void tcp_connection::cancel_read() noexcept {
    boost::system::error_code ignored;
    if (socket_.is_open()) {
        socket_.cancel(ignored);
    }
}

awaitable<result<void>> tcp_connection::write(std::string_view head, std::string_view body, std::string_view tail) {
    net::gather rest(head, body, tail);
    while (!rest.empty()) {
        const ssize_t n = rest.send(socket_.native_handle());
        if (n >= 0) {
            sent_ += static_cast<std::uint64_t>(n);
            continue;
        }
        if (!would_block()) {
            co_return lost("cannot send");
        }
        auto ready = co_await wait_writable();
        if (!ready) {
            co_return ready;
        }
    }
    co_return result<void>{};
}

result<std::size_t> tcp_connection::try_write(std::string_view bytes, bool more) {
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
    ssize_t n = 0;
    do {
        n = ::send(socket_.native_handle(), bytes.data(), bytes.size(), flags);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        if (would_block()) {
            return std::size_t{0};
        }
        return lost("cannot send");
    }
    sent_ += static_cast<std::uint64_t>(n);
    return static_cast<std::size_t>(n);
}

result<std::size_t> tcp_connection::try_send_file(int fd, std::uint64_t offset, std::size_t count) {
    auto from = static_cast<off_t>(offset);
    ssize_t n = 0;
    do {
        n = ::sendfile(socket_.native_handle(), fd, &from, count);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        return error{errc::disk_error, error_source::internal, false, "the file is shorter than it was"};
    }
    if (n < 0) {
        if (would_block()) {
            return std::size_t{0};
        }
        return error{errc::connection_lost, error_source::client, false, "cannot send"};
    }
    sent_ += static_cast<std::uint64_t>(n);
    return static_cast<std::size_t>(n);
}

bool tcp_connection::can_write() noexcept {
    pollfd socket{socket_.native_handle(), POLLOUT, 0};
    return ::poll(&socket, 1, 0) > 0;
}

awaitable<result<void>> tcp_connection::wait_writable() {
    writing_ = true;
    refresh_timer();
    auto [ec] = co_await socket_.async_wait(tcp_socket::wait_write, use_tuple);
    writing_ = false;
    if (ec) {
        co_return lost(ec.message());
    }
    refresh_timer();
    co_return result<void>{};
}

int tcp_connection::unacknowledged() noexcept {
    int queued = 0;
    if (!socket_.is_open() || ::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0) {
        return -1;
    }
    return std::max(queued, 0);
}

std::uint64_t tcp_connection::bytes_taken() noexcept {
    const int queued = unacknowledged();
    return queued < 0 ? sent_ : sent_ - std::min(sent_, static_cast<std::uint64_t>(queued));
}

awaitable<result<void>> tcp_connection::wait_acknowledged(std::size_t max_unacknowledged) {
    steady_timer timer(executor_);
    auto interval = min_poll_interval;
    std::optional<int> before;
    writing_ = true;
    refresh_timer();
    for (;;) {
        const int queued = unacknowledged();
        if (queued < 0) {
            writing_ = false;
            co_return lost("not acknowledged");
        }
        if (static_cast<std::size_t>(queued) <= max_unacknowledged) {
            break;
        }
        if (before && queued < *before) {
            refresh_timer();
        }
        before = queued;
        timer.expires_after(interval);
        auto [ec] = co_await timer.async_wait(use_tuple);
        static_cast<void>(ec);
        interval = std::min(2 * interval, max_poll_interval);
    }
    writing_ = false;
    refresh_timer();
    co_return result<void>{};
}

awaitable<void> tcp_connection::linger() {
    if (lingered_ || !socket_.is_open()) {
        co_return;
    }
    lingered_ = true;
    shutdown_send();
    deadline_.expires_after(linger_time);
    std::array<char, 4096> dropped{};
    for (;;) {
        auto [ec, n] = co_await socket_.async_read_some(asio::buffer(dropped), use_tuple);
        if (ec) {
            break;
        }
    }
    deadline_.clear();
}

void tcp_connection::shutdown_send() noexcept {
    boost::system::error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void tcp_connection::close() noexcept {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void tcp_connection::abort() noexcept {
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

} // namespace sluice::session
