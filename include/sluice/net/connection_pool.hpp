#pragma once

#include <sluice/base/worker.hpp>
#include <sluice/net/connection.hpp>
#include <sluice/net/peer.hpp>
#include <sluice/net/proxy.hpp>
#include <sluice/net/request_canceler.hpp>

#include <memory>

namespace sluice::net {

class lease;

/// Which connection a request may have.
enum class acquire_mode : std::uint8_t {
    reuse, ///< an idle one, else a new one
    fresh, ///< a new one only, after a kept one died
};

/// The idle connections of one worker to the app and to the stores, kept alive for the next request.
///
/// On the worker's thread only, but for `open_connections`. Must outlive its leases.
class connection_pool {
public:
    /// Keeps up to `max_idle` connections a peer. An idle one is closed after `idle_timeout` (or three quarters of the
    /// peer's own time-out, where it announced a shorter one), and within about a second where its peer closes it or
    /// sends anything. `proxies`: which peers are connected
    /// to through a proxy; null: none.
    connection_pool(worker& w, std::size_t max_idle, std::chrono::milliseconds idle_timeout,
                    std::shared_ptr<const proxy_settings> proxies = nullptr);
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;
    ~connection_pool();

    /// The idle connection to `p` that was used last, is still open, on which nothing came, and whose cool-down
    /// (`connection::needs_cooldown`) is over, else a new one. `p` must live until completion. Errors:
    /// `resolve_failed`, `connect_failed`, `tls_failed`, `timeout`, and `protocol_error` from a proxy; all retryable
    /// but for a bad certificate and for a proxy's refusal; `canceled` after `cancel`, or where `canceler` (nullptr:
    /// none) has canceled.
    awaitable<result<lease>> acquire(const peer& p, acquire_mode mode, request_canceler* canceler = nullptr);

    /// The worker that it belongs to.
    [[nodiscard]] worker& owner() const noexcept;

    /// Closes all idle connections; those given back later are closed too.
    void close();

    /// `close`, and closes all others too, leased ones and those that are being opened: what waits for them ends with
    /// an error. From then on `acquire` gives `canceled`, which is not retryable.
    void cancel();
    /// Whether `cancel` was called.
    [[nodiscard]] bool canceled() const noexcept;

    /// Idle and leased connections. From any thread.
    [[nodiscard]] std::size_t open_connections() const noexcept;

    /// `resolver::is_looking_up` of its peers' names.
    [[nodiscard]] bool is_looking_up() const noexcept;

private:
    friend class lease;
    struct group;
    struct impl;
    void put(group& g, std::unique_ptr<connection> c);

    std::shared_ptr<impl> impl_;
};

/// A connection taken from a pool; closed with this object, unless `give_back` was called before.
class lease {
public:
    lease() = default;
    lease(lease&&) noexcept = default;
    lease& operator=(lease&&) noexcept = default;

    [[nodiscard]] connection& operator*() const noexcept { return *connection_; }
    [[nodiscard]] connection* operator->() const noexcept { return connection_.get(); }
    [[nodiscard]] explicit operator bool() const noexcept { return connection_ != nullptr; }

    /// Returns a connection that is between two messages to its pool.
    void give_back();

private:
    friend class connection_pool;
    lease(connection_pool* pool, connection_pool::group* group, std::unique_ptr<connection> c);

    connection_pool* pool_{nullptr};
    connection_pool::group* group_{nullptr};
    std::unique_ptr<connection> connection_;
};

} // namespace sluice::net
