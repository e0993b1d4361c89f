#pragma once

#include <sluice/proxy/services.hpp>
#include <sluice/server/access_log.hpp>
#include <sluice/server/client_table.hpp>
#include <sluice/server/open_exchanges.hpp>
#include <sluice/server/waiting_line.hpp>
#include <sluice/session/exchange.hpp>

#include <atomic>

namespace sluice::server {

/// What the connections of one worker share.
struct connection_services {
    session::worker_context& context;
    proxy::services& phases;
    access_log& log;
    open_exchanges& open;
    waiting_line& idle;                ///< connections that wait for a request, or for the rest of its head
    client_table& clients;             ///< by `limits.connections_per_client`
    const std::atomic<bool>& draining; ///< once true, each connection closes after its current request
};

/// How a new connection is served.
enum class admission : std::uint8_t {
    served,
    refused, ///< its client has as many as it may have: one response, 503, and the end
    trusted, ///< of a trusted proxy: its requests are counted for the clients that they come from
};

/// Serves one client connection: requests one after the other until either side ends it (RFC 9112 §9.3).
///
/// A malformed request gets 400 (501 for an unknown transfer coding), and the connection is closed. Completes when the
/// connection is closed; never throws for anything that a client does.
awaitable<void> serve_connection(tcp_socket socket, connection_services services, admission as);

} // namespace sluice::server
