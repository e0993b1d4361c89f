#pragma once

#include <sluice/metrics/metrics.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/session/untrusted_forwarders.hpp>

#include <string>

namespace sluice::relay {

/// The app, as one worker reaches it. Lives as long as the worker; on its thread only.
struct upstream {
    net::peer peer;
    net::connection_pool& pool; ///< for requests of clients
    /// For requests of `object_header` routes. Their responses may name the object to serve, so nothing else comes on
    /// their connections.
    net::connection_pool& object_header_pool;
    metrics::route_metrics& counters; ///< of the route `relay`
    /// What this process calls itself in the Via field of requests to the app (RFC 9110 §7.6.3); "": it sends none.
    std::string pseudonym{};
    session::untrusted_forwarders* forwarders{nullptr}; ///< of the whole process; nullptr: they are not logged
    std::string last_forwarder{};                       ///< the last peer that this worker looked up there
};

} // namespace sluice::relay
