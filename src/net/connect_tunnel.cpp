#include <sluice/base/text.hpp>
#include <sluice/http/framing.hpp>
#include <sluice/http/message_parser.hpp>
#include <sluice/net/gather.hpp>
#include <sluice/net/proxy.hpp>

#include "socket_connection.hpp"

#include <cerrno>
#include <vector>

namespace sluice::net {
namespace {

constexpr std::uint32_t max_head_size = 16 * 1024;
constexpr unsigned max_interim_heads = 8;

/// True where the same request may get another status a moment later.
bool is_transient(unsigned status) {
    return status >= 500 || status == 408 || status == 429;
}

} // namespace

error tls_connection::proxy_error(errc code, bool retryable, std::string_view what) const {
    return {deadline_.expired() ? errc::timeout : code, source, retryable, "the proxy " + std::string(what)};
}

awaitable<result<void>> tls_connection::ask_for_tunnel(const http_proxy& via, const peer& p,
                                                       steady_clock::time_point deadline) {
    const std::string authority = host_and_port(p.host, p.port); // authority-form (RFC 9112 §3.2.3)
    if (!http::is_host(authority)) {
        co_return error{errc::connect_failed, source, false, "the host cannot stand in a CONNECT request"};
    }
    deadline_.expires_at(deadline);
    std::string head =
        "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\nUser-Agent: sluice/" SLUICE_VERSION;
    const bool known = !via.authorization.empty();
    head += known ? "\r\nProxy-Authorization: " : "";
    gather request(head, via.authorization.reveal(), "\r\n\r\n"); // the secret is copied nowhere
    while (!request.empty()) {
        if (request.send(socket_.native_handle()) >= 0) {
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            co_return proxy_error(errc::connect_failed, true, "could not be written to");
        }
        auto [ec] = co_await socket_.async_wait(tcp_socket::wait_write, use_tuple);
        if (ec) {
            co_return proxy_error(errc::connect_failed, true, "closed the connection");
        }
    }
    auto status = co_await tunnel_status();
    if (!status) {
        co_return status.error();
    }
    if (*status < 200 || *status >= 300) {
        co_return proxy_error(errc::connect_failed, is_transient(*status), "answered " + std::to_string(*status));
    }
    co_return result<void>{};
}

awaitable<result<unsigned>> tls_connection::tunnel_status() {
    http::response_parser parser(max_head_size, source);
    std::vector<char> buffer(max_head_size);
    std::size_t begin = 0;
    std::size_t end = 0;
    for (unsigned interim = 0;;) {
        std::size_t size = 0;
        if (begin < end) {
            auto parsed = parser.parse_head({buffer.data() + begin, end - begin});
            if (!parsed) {
                co_return proxy_error(errc::protocol_error, true, "sent a malformed HTTP/1.1 response");
            }
            size = *parsed;
        }
        begin += size;
        const unsigned status = size != 0 ? parser.head().status : 0;
        if (status >= 300 || status == 101) {
            co_return status; // whatever follows, it is not a tunnel
        }
        if (status >= 200) {
            // Whatever its fields say of a body, the tunnel follows (RFC 9110 §9.3.6), where TLS has the client send
            // first: bytes before that are not the store's, and must not be read as TLS.
            if (begin != end) {
                co_return proxy_error(errc::protocol_error, true, "sent bytes behind its response");
            }
            co_return status;
        }
        if (status != 0) {
            if (++interim > max_interim_heads) {
                co_return proxy_error(errc::protocol_error, true, "sent no final response");
            }
            parser.reset();
            continue;
        }
        if (end == buffer.size()) {
            co_return proxy_error(errc::protocol_error, true, "sent a response head that is too large");
        }
        auto [ec, n] =
            co_await socket_.async_read_some(asio::buffer(buffer.data() + end, buffer.size() - end), use_tuple);
        if (ec) {
            co_return proxy_error(errc::connect_failed, true, "closed the connection");
        }
        end += n;
    }
}

} // namespace sluice::net
