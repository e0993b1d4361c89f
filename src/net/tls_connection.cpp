#include <sluice/net/gather.hpp>

#include <boost/asio/post.hpp>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "socket_connection.hpp"

namespace sluice::net {
namespace {

/// Reads without waiting after which the worker's other coroutines get a turn.
constexpr unsigned max_reads_without_wait = 16;
/// The largest TLS record: up to here, buffers are joined into one.
constexpr std::size_t max_record = 16 * 1024;

} // namespace

tls_connection::~tls_connection() {
    if (established_ && !broken_) {
        // Else SSL_free takes the session for a bad one and spoils it for resumption.
        SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
}

bool tls_connection::is_idle() noexcept {
    return !eof_ && !broken_ && SSL_has_pending(ssl_.get()) == 0 && socket_connection::is_idle();
}

tls_connection::next tls_connection::after(int ret) noexcept {
    switch (SSL_get_error(ssl_.get(), ret)) {
    case SSL_ERROR_NONE:
        return next::go_on;
    case SSL_ERROR_WANT_READ:
        return next::wait_read;
    case SSL_ERROR_WANT_WRITE:
        return next::wait_write;
    case SSL_ERROR_ZERO_RETURN:
        eof_ = true; // close_notify; a bare close of TCP does not come here
        return next::failed;
    default:
        broken_ = true;
        return next::failed;
    }
}

awaitable<bool> tls_connection::wait(next n) {
    const auto what = n == next::wait_read ? tcp_socket::wait_read : tcp_socket::wait_write;
    auto [ec] = co_await socket_.async_wait(what, use_tuple);
    // A descriptor that was closed meanwhile may be somebody else's by now: OpenSSL must not touch it.
    co_return !ec && socket_.is_open();
}

error tls_connection::handshake_error() const {
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) {
        return {errc::tls_failed, source, false,
                std::string("certificate refused: ") + X509_verify_cert_error_string(verified)};
    }
    return {errc::tls_failed, source, true, "handshake failed: " + tls_reason()};
}

awaitable<result<void>> tls_connection::handshake(tls_client& settings, const peer& p,
                                                  std::shared_ptr<tls_session> session,
                                                  steady_clock::time_point deadline) {
    session_ = std::move(session);
    ssl_ = settings.open(p, socket_.native_handle(), *session_);
    if (!ssl_) {
        co_return error{errc::tls_failed, source, true, "cannot set up TLS: " + tls_reason()};
    }
    deadline_.expires_at(deadline);
    for (;;) {
        ERR_clear_error();
        const auto n = after(SSL_do_handshake(ssl_.get()));
        if (n == next::go_on) {
            established_ = true;
            co_return result<void>{};
        }
        if (n == next::failed) {
            co_return handshake_error();
        }
        const bool open = co_await wait(n);
        if (!open) {
            const auto code = deadline_.expired() ? errc::timeout : errc::tls_failed;
            co_return error{code, source, true, "handshake not finished"};
        }
    }
}

awaitable<result<std::size_t>> tls_connection::read_some(asio::mutable_buffer buffer) {
    if (++without_wait_ > max_reads_without_wait) {
        without_wait_ = 0;
        co_await asio::post(socket_.get_executor(), asio::use_awaitable_t<executor>{});
    }
    for (;;) {
        if (!socket_.is_open() || broken_) {
            co_return lost("closed");
        }
        // A record holds 16 KiB at most: take as many as are here already.
        std::size_t total = 0;
        auto n = next::go_on;
        while (total < buffer.size() && (total == 0 || SSL_has_pending(ssl_.get()) == 1)) {
            std::size_t got = 0;
            ERR_clear_error();
            n = after(SSL_read_ex(ssl_.get(), static_cast<char*>(buffer.data()) + total, buffer.size() - total, &got));
            if (n != next::go_on) {
                break;
            }
            total += got;
        }
        if (total > 0) {
            co_return total; // an error after it comes again at the next call
        }
        if (n == next::failed) {
            co_return lost(eof_ ? "closed by the peer" : "connection lost: " + tls_reason());
        }
        without_wait_ = 0;
        const bool open = co_await wait(n);
        if (!open) {
            co_return lost("closed while reading");
        }
    }
}

awaitable<result<void>> tls_connection::wait_readable() {
    if (socket_.is_open() && !broken_ && SSL_has_pending(ssl_.get()) == 1) {
        co_return result<void>{};
    }
    const bool open = co_await wait(next::wait_read);
    if (!open) {
        co_return lost("closed while reading");
    }
    co_return result<void>{};
}

result<std::size_t> tls_connection::try_read_some(asio::mutable_buffer /*buffer*/) {
    return std::size_t{0};
}

awaitable<result<void>> tls_connection::write(std::string_view a, std::string_view b, std::string_view c) {
    gathered_.clear();
    if (a.size() + b.size() + c.size() <= max_record && a.size() != a.size() + b.size() + c.size()) {
        gathered_.append(a).append(b).append(c);
        a = gathered_;
        b = c = {};
    }
    gather rest(a, b, c);
    while (!rest.empty()) {
        if (!socket_.is_open() || broken_) {
            co_return lost("closed");
        }
        const auto part = rest.front();
        std::size_t taken = 0;
        ERR_clear_error();
        const auto n = after(SSL_write_ex(ssl_.get(), part.data(), part.size(), &taken));
        if (n == next::go_on) {
            rest.consume(taken);
            sent += taken;
            continue;
        }
        if (n == next::failed) {
            co_return lost("cannot send: " + tls_reason());
        }
        const bool open = co_await wait(n);
        if (!open) {
            co_return lost("closed while sending");
        }
    }
    co_return result<void>{};
}

awaitable<void> tls_connection::shutdown_send() {
    if (!socket_.is_open() || !established_ || broken_) {
        co_return;
    }
    // Once: a second call would read, and fail on data that the peer is still sending. The alert is a few bytes; where
    // the socket is full it waits for its turn.
    for (;;) {
        ERR_clear_error();
        const int ret = SSL_shutdown(ssl_.get());
        if (ret >= 0) {
            break;
        }
        const auto n = after(ret);
        if (n != next::wait_write) {
            co_return;
        }
        const bool open = co_await wait(n);
        if (!open) {
            co_return;
        }
    }
    boost::system::error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void tls_connection::close() {
    if (socket_.is_open() && established_ && !broken_) {
        ERR_clear_error();
        static_cast<void>(SSL_shutdown(ssl_.get())); // close_notify, if the socket takes it now
        ERR_clear_error();
    }
    socket_connection::close();
}

} // namespace sluice::net
