#include <sluice/http/framing.hpp>
#include <sluice/http/message_parser.hpp>
#include <sluice/net/gather.hpp>
#include <sluice/net/proxy.hpp>

#include "socket_connection.hpp"

#include <cerrno>
#include <vector>

namespace sluice::net {
namespace {

constexpr std::uint32_t most_of_head = 16 * 1024;
constexpr unsigned most_interim_heads = 8;

/// The authority-form of RFC 9112 §3.2.3: the port always stands there.
std::string authority_form(const peer& p) {
    return (p.host.find(':') == std::string::npos ? p.host : "[" + p.host + "]") + ":" + std::to_string(p.port);
}

/// True where the same question may be answered otherwise a moment later.
bool may_change(unsigned status) {
    return status >= 500 || status == 408 || status == 429;
}

} // namespace

error tls_connection::proxy_error(errc code, bool retryable, std::string_view what) const {
    return {deadline_.expired() ? errc::timeout : code, source, retryable, "the proxy " + std::string(what)};
}

awaitable<result<void>> tls_connection::ask_for_tunnel(const http_proxy& via, const peer& p,
                                                       steady_clock::time_point give_up) {
    const std::string place = authority_form(p);
    if (!http::is_host(place)) {
        co_return error{errc::connect_failed, source, false, "not a host that a proxy can be asked for"};
    }
    deadline_.expires_at(give_up);
    std::string head = "CONNECT " + place + " HTTP/1.1\r\nHost: " + place + "\r\nUser-Agent: sluice/" SLUICE_VERSION;
    const bool known = !via.authorization.empty();
    head += known ? "\r\nProxy-Authorization: " : "";
    gather request(head, via.authorization.reveal(), "\r\n\r\n"); // the secret is copied nowhere
    while (!request.empty()) {
        if (request.send(socket_.native_handle()) >= 0) {
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            co_return proxy_error(errc::connect_failed, true, "cannot be sent to");
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
        co_return proxy_error(errc::connect_failed, may_change(*status), "answered " + std::to_string(*status));
    }
    co_return result<void>{};
}

awaitable<result<unsigned>> tls_connection::tunnel_status() {
    http::response_parser parser(most_of_head, source);
    std::vector<char> buffer(most_of_head);
    std::size_t begin = 0;
    std::size_t end = 0;
    for (unsigned interim = 0;;) {
        std::size_t size = 0;
        if (begin < end) {
            auto parsed = parser.parse_head({buffer.data() + begin, end - begin});
            if (!parsed) {
                co_return proxy_error(errc::protocol_error, true, "did not answer as HTTP/1.1 has it");
            }
            size = *parsed;
        }
        begin += size;
        const unsigned status = size != 0 ? parser.head().status : 0;
        if (status >= 300 || status == 101) {
            co_return status; // whatever follows, it is not a tunnel
        }
        if (status >= 200) {
            // Whatever its fields say of a body, what follows is the tunnel (RFC 9110 §9.3.6), and there nobody can
            // have spoken before us: these bytes would be taken for TLS, and are somebody else's.
            if (begin != end) {
                co_return proxy_error(errc::protocol_error, true, "sent more than its answer");
            }
            co_return status;
        }
        if (status != 0) {
            if (++interim > most_interim_heads) {
                co_return proxy_error(errc::protocol_error, true, "gives no final answer");
            }
            parser.reset();
            continue;
        }
        if (end == buffer.size()) {
            co_return proxy_error(errc::protocol_error, true, "answers at too great a length");
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
