#include <sluice/net/gather.hpp>
#include <sluice/session/client_connection.hpp>

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace sluice::session {
namespace {

/// What most requests need; an idle connection holds no more.
constexpr std::size_t first_buffer = 4 * 1024;
constexpr std::size_t kept_buffer = 16 * 1024;
constexpr std::chrono::seconds linger_time{5};
/// Between two looks at what the socket holds, which nothing tells of: at first what a fast client needs, then what
/// very many slow ones cost little. Each is as long as all before it, so that no client waits twice as long as it
/// needs.
constexpr std::chrono::microseconds first_look{250};
constexpr std::chrono::microseconds longest_look{500'000};

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

client_connection::client_connection(tcp_socket socket, worker& w, std::chrono::milliseconds send_timeout)
    : socket_(std::move(socket))
    , worker_(w)
    , deadline_(
          w.deadlines, [](void* self) { static_cast<client_connection*>(self)->close(); }, this)
    , send_timeout_(send_timeout)
    , remote_(address_text(socket_)) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.native_non_blocking(true, ignored); // sends go past Asio, which would set it at its first operation
}

error client_connection::lost(std::string_view what) const {
    return {deadline_.expired() ? errc::timeout : errc::connection_lost, error_source::client, false,
            std::string(what)};
}

/// Why a body is not read on.
error client_connection::not_read(const boost::system::error_code& ec) const {
    return too_slow_ ? error{errc::timeout, error_source::client, false, "too slow"} : lost(ec.message());
}

std::string_view client_connection::buffered() const noexcept {
    return {buffer_.data() + begin_, end_ - begin_};
}

void client_connection::consume(std::size_t n) noexcept {
    begin_ += std::min(n, end_ - begin_);
}

/// Moves the content to the front and what was put back behind it.
void client_connection::join() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (!put_back_.empty()) {
        if (buffer_.size() - end_ < put_back_.size()) {
            buffer_.resize(end_ + put_back_.size());
        }
        std::memcpy(buffer_.data() + end_, put_back_.data(), put_back_.size());
        end_ += put_back_.size();
        put_back_.clear();
        put_back_.shrink_to_fit();
    }
}

awaitable<result<void>> client_connection::read_more(std::size_t limit) {
    const bool was_put_back = !put_back_.empty();
    join();
    if (was_put_back) {
        co_return result<void>{};
    }
    if (end_ >= limit) {
        co_return error{errc::header_too_large, error_source::client, false, "header too large"};
    }
    if (end_ == buffer_.size()) {
        buffer_.resize(std::min(std::max(first_buffer, buffer_.size() * 2), std::max(limit, first_buffer)));
    }
    const auto room = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
    auto [ec, n] = co_await socket_.async_read_some(room, use_tuple);
    if (ec) {
        co_return lost(ec.message());
    }
    end_ += n;
    co_return result<void>{};
}

void client_connection::refresh_timer() {
    if (writing_) {
        deadline_.expires_after(send_timeout_);
    } else if (reading_) {
        deadline_.expires_after(body_timeout_);
    } else {
        deadline_.clear();
    }
}

awaitable<result<std::size_t>> client_connection::read_some(asio::mutable_buffer out) {
    if (too_slow_) {
        co_return not_read({});
    }
    reading_ = true;
    refresh_timer();
    auto [ec, n] = co_await socket_.async_read_some(out, use_tuple);
    reading_ = false;
    if (ec) {
        eof_ = ec == asio::error::eof;
        co_return not_read(ec);
    }
    received_ += n;
    refresh_timer();
    co_return n;
}

awaitable<result<void>> client_connection::wait_readable() {
    if (too_slow_) {
        co_return not_read({});
    }
    reading_ = true;
    refresh_timer();
    auto [ec] = co_await socket_.async_wait(tcp_socket::wait_read, use_tuple);
    reading_ = false;
    if (ec) {
        co_return not_read(ec);
    }
    refresh_timer();
    co_return result<void>{};
}

void client_connection::unread(std::string_view bytes) {
    put_back_.append(bytes);
}

void client_connection::settle() {
    if (begin_ == end_ && put_back_.empty()) {
        begin_ = end_ = 0;
        if (buffer_.size() > kept_buffer) {
            buffer_ = std::vector<char>(first_buffer);
        }
    } else if (!put_back_.empty()) {
        join();
    }
}

void client_connection::cancel_read() noexcept {
    boost::system::error_code ignored;
    if (socket_.is_open()) {
        socket_.cancel(ignored);
    }
}

awaitable<result<void>> client_connection::write(std::string_view head, std::string_view body, std::string_view tail) {
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

result<std::size_t> client_connection::try_write(std::string_view bytes, bool more) {
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

bool client_connection::can_write() noexcept {
    pollfd socket{socket_.native_handle(), POLLOUT, 0};
    return poll(&socket, 1, 0) > 0;
}

awaitable<result<void>> client_connection::wait_writable() {
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

std::uint64_t client_connection::bytes_taken() noexcept {
    int queued = 0;
    if (!socket_.is_open() || ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0 || queued < 0) {
        return sent_;
    }
    return sent_ - std::min(sent_, static_cast<std::uint64_t>(queued));
}

awaitable<result<void>> client_connection::wait_acknowledged(std::size_t most) {
    steady_timer timer(worker_.get_executor());
    auto step = first_look;
    std::optional<int> before;
    writing_ = true;
    refresh_timer();
    for (;;) {
        int queued = 0;
        if (!socket_.is_open() || ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0) {
            writing_ = false;
            co_return lost("not acknowledged");
        }
        if (queued <= 0 || static_cast<std::size_t>(queued) <= most) {
            break;
        }
        if (before && queued < *before) {
            refresh_timer();
        }
        before = queued;
        timer.expires_after(step);
        auto [ec] = co_await timer.async_wait(use_tuple);
        static_cast<void>(ec);
        step = std::min(2 * step, longest_look);
    }
    writing_ = false;
    refresh_timer();
    co_return result<void>{};
}

awaitable<void> client_connection::linger() {
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

void client_connection::close() noexcept {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void client_connection::abort() noexcept {
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

void client_connection::shutdown_send() noexcept {
    boost::system::error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

} // namespace sluice::session
