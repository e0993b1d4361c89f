#pragma once

#include <sluice/proxy/services.hpp>
#include <sluice/server/access_log.hpp>
#include <sluice/server/client_table.hpp>
#include <sluice/server/waiting_line.hpp>
#include <sluice/session/exchange.hpp>

#include <atomic>

namespace sluice::server {

/// What the sessions of one worker share.
struct session_services {
    ::sluice::session::worker_context& context;
    proxy::services& phases;
    access_log& log;
    waiting_line& idle;                ///< sessions that wait for a request whose head has not come whole
    client_table& clients;             ///< by `limits.connections_per_client`
    const std::atomic<bool>& draining; ///< once true, each session ends after its present request
};

/// What a new connection is to get.
enum class admission : std::uint8_t {
    served,
    refused, ///< its client has as many as it may: one answer, 503, and the end
    trusted, ///< of a trusted proxy: its requests are counted for the clients that they come from
};

/// One client connection: requests one after the other until either side ends it (RFC 9112 §9.3).
///
/// A malformed request is answered 400 (501 for an unknown transfer coding) and the connection closed. Completes when
/// the connection is closed; never throws for anything a client does.
awaitable<void> run_session(tcp_socket socket, session_services services, admission as);

} // namespace sluice::server
