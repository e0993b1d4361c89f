#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/cache/object_cache.hpp>
#include <sluice/config/config.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/server/media_setup.hpp>
#include <sluice/server/waiting_line.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace sluice::server {

/// What the admin listener shows and does.
struct admin_services {
    worker& self;
    std::shared_ptr<const config::config> settings;
    metrics::metrics& counters;
    const media_setup& media;
    cache::object_cache& cache;
    std::function<void()> refresh;  ///< brings gauges up to date before they are shown
    std::vector<tcp_socket*>& open; ///< the sockets of all admin connections; closing one ends its coroutine
    waiting_line& waiting;          ///< those of them that may be closed for newer ones
    const std::atomic<bool>& draining;
};

/// One connection to the admin listener: /metrics, /livez, /readyz, /startupz for all; POST /purge with the token.
/// HTTP/1.1 by Boost.Beast: nothing here is hot. A body is read only where the head and the token allow what it asks.
/// `limits.header_timeout`, `idle_timeout` and `send_timeout` hold here too. Completes when the connection is closed.
awaitable<void> serve_admin_connection(tcp_socket socket, admin_services services);

/// Starts serving a new connection. Where there are `max_admin_connections`, the one that has waited longest is closed
/// for it, unless it is at an authorized purge: probes and scrapes are done in a moment.
void admit_admin(tcp_socket socket, const admin_services& services);

} // namespace sluice::server
