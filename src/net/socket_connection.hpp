#pragma once

#include <sluice/base/scoped_registration.hpp>
#include <sluice/base/worker.hpp>
#include <sluice/net/connection.hpp>
#include <sluice/net/proxy.hpp>
#include <sluice/net/request_canceler.hpp>
#include <sluice/net/resolver.hpp>

#include "tls_client.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace sluice::net {

/// All connections of a pool: idle, leased, or being opened. On the pool's worker, but for the count.
struct pool_connections {
    std::vector<connection*> all{};
    std::atomic<std::size_t> count{0}; ///< of them; read by other threads
    bool canceled{false};              ///< none is opened any more
};

/// What plain and TLS connections share: the socket, the deadline, and how errors are reported.
class socket_connection : public connection {
public:
    socket_connection(worker& w, error_source whose, std::shared_ptr<pool_connections> among);
    socket_connection(const socket_connection&) = delete;
    socket_connection& operator=(const socket_connection&) = delete;
    ~socket_connection() override;

    /// Connects to one address; the socket of an earlier attempt is closed. Completes at `deadline` at the latest.
    awaitable<result<void>> connect(asio::ip::tcp::endpoint to, steady_clock::time_point deadline);

    deadline& timer() override { return deadline_; }
    [[nodiscard]] bool eof() const noexcept override { return eof_; }
    [[nodiscard]] bool is_idle() noexcept override;
    void close() override;

protected:
    /// `timeout` where the deadline passed, else `connection_lost`.
    [[nodiscard]] error lost(std::string_view what) const;

    tcp_socket socket_;
    deadline deadline_;
    bool eof_{false};

private:
    const std::shared_ptr<pool_connections> among_;
    const scoped_registration<std::vector<connection*>> entry_;
};

class plain_connection final : public socket_connection {
public:
    using connection::write;
    using socket_connection::socket_connection;

    awaitable<result<std::size_t>> read_some(asio::mutable_buffer buffer) override;
    awaitable<result<void>> wait_readable() override;
    result<std::size_t> try_read_some(asio::mutable_buffer buffer) override;
    awaitable<result<void>> write(std::string_view a, std::string_view b, std::string_view c) override;
    awaitable<void> shutdown_send() override;
};

/// TLS by OpenSSL on the non-blocking socket itself: no BIO pair between them, so a record is copied once, and a half
/// close is possible while the peer is still sending.
class tls_connection final : public socket_connection {
public:
    using connection::write;
    using socket_connection::socket_connection;
    ~tls_connection() override;

    /// Has the proxy at the other end open a tunnel to `p`'s host, by its name; after `connect` to the proxy, before
    /// the handshake. Completes at `deadline` at the latest.
    /// Errors: `connect_failed` where it refuses (its status in the detail; retryable unless it would refuse again, as
    /// with 407) or closes, `protocol_error`, `timeout`.
    awaitable<result<void>> ask_for_tunnel(const http_proxy& via, const peer& p, steady_clock::time_point deadline);

    /// The handshake, after `connect`. Errors: `tls_failed` (not retryable for a bad certificate), `timeout`.
    awaitable<result<void>> handshake(tls_client& settings, const peer& p, std::shared_ptr<tls_session> session,
                                      steady_clock::time_point deadline);

    awaitable<result<std::size_t>> read_some(asio::mutable_buffer buffer) override;
    awaitable<result<void>> wait_readable() override;
    result<std::size_t> try_read_some(asio::mutable_buffer buffer) override;
    awaitable<result<void>> write(std::string_view a, std::string_view b, std::string_view c) override;
    awaitable<void> shutdown_send() override;
    void close() override;
    [[nodiscard]] bool is_idle() noexcept override;

private:
    /// What OpenSSL wants after a call that gave `ret`; `failed` also when the connection ended.
    enum class next : std::uint8_t { go_on, wait_read, wait_write, failed };
    next after(int ret) noexcept;
    /// Waits for what `n` says; false where the connection is closed.
    awaitable<bool> wait(next n);
    [[nodiscard]] error handshake_error() const;
    /// Reads the proxy's answer, interim ones skipped: its status, where nothing stands after a 2xx.
    awaitable<result<unsigned>> tunnel_status();
    [[nodiscard]] error proxy_error(errc code, bool retryable, std::string_view what) const;

    std::shared_ptr<tls_session> session_; // where OpenSSL's callback puts new sessions: outlives ssl_
    tls_handle ssl_;
    std::string gathered_;
    unsigned without_wait_{0};
    bool established_{false};
    bool broken_{false}; ///< after a fatal error only freeing is allowed
};

/// A new connection to `p`, every address of its host tried in turn until the connect time-out; or, where `via` is not
/// null, through that proxy: then its addresses are tried, and `p`'s own name is not resolved here. `session`: the
/// peer's. Errors as in `connection_pool::acquire`; any where `canceler` (nullptr: none) cancels. `p`, `via` and it
/// must live until completion.
awaitable<result<std::unique_ptr<connection>>>
open_connection(worker& w, resolver& names, const peer& p, const http_proxy* via, std::shared_ptr<tls_session> session,
                std::shared_ptr<pool_connections> among, request_canceler* canceler);

} // namespace sluice::net
