#pragma once

#include <sluice/proxy/exchange.hpp>
#include <sluice/server/access_log.hpp>

#include <atomic>
#include <vector>

namespace sluice::server {

/// Clients of sessions that wait for a request; closed at once when draining begins. On the worker's thread.
using idle_sessions = std::vector<proxy::downstream*>;

/// What the sessions of one worker share.
struct session_services {
    proxy::context& context;
    access_log& log;
    idle_sessions& idle;
    const std::atomic<bool>& draining; ///< once true, each session ends after its present request
};

/// One client connection: requests one after the other until either side ends it (RFC 9112 §9.3).
///
/// A malformed request is answered 400 (501 for an unknown transfer coding) and the connection closed. Completes when
/// the connection is closed; never throws for anything a client does.
awaitable<void> run_session(tcp_socket socket, session_services services);

} // namespace sluice::server
