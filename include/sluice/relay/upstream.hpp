#pragma once

#include <sluice/metrics/metrics.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/session/untrusted_forwarders.hpp>

#include <string>

namespace sluice::relay {

/// The app, as one worker reaches it. Lives as long as the worker; on its thread only.
struct upstream {
    net::peer peer;
    // Requests whose answers may name the object to serve have connections of their own, on which nothing else comes.
    net::connection_pool& pool;        ///< for what clients ask of the app
    net::connection_pool& naming_pool; ///< for requests of `object_header` routes
    metrics::route_metrics& counters;  ///< of the route `relay`
    /// What this process calls itself in the Via field of requests to the app (RFC 9110 §7.6.3); "": it sends none.
    std::string pseudonym{};
    session::untrusted_forwarders* forwarders{nullptr}; ///< of the whole process; nullptr: they are not told
    std::string last_forwarder{};                       ///< the last that this worker asked it about
};

} // namespace sluice::relay
