#pragma once

#include <sluice/proxy/services.hpp>
#include <sluice/server/access_log.hpp>
#include <sluice/server/listener.hpp>
#include <sluice/server/open_exchanges.hpp>
#include <sluice/server/waiting_line.hpp>
#include <sluice/session/exchange.hpp>

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <vector>

namespace sluice::server {

/// What all workers share, for the phases of their requests.
struct shared_parts {
    authorize::shared_state& decisions;
    cache::object_cache& cache;
    file_pool& reads;
    media::slot_limit& fills;
    media::memory_streams& memory;
    media::slot_limit& encoders;
    media::lookup_flights& lookups;
    media::slot_limit& revalidations;
    media::fallback_state& fallback;
    const std::vector<media::media_route>& routes;
    const std::vector<proxy::invalidation_rule>& invalidation_rules;
};

/// All that lives on one worker. Used on its thread, but for the two counts.
struct worker_state {
    /// `proxies`: which stores are connected to through a proxy; null: none.
    worker_state(unsigned index, std::shared_ptr<const config::config> settings, metrics::metrics& counters,
                 std::shared_ptr<const net::proxy_settings> proxies, const shared_parts& parts);

    /// The pools of connections to the app.
    [[nodiscard]] std::array<net::connection_pool*, 3> app_pools() {
        return {&app_pool, &subrequest_pool, &object_header_pool};
    }

    worker self;
    net::connection_pool app_pool;           ///< for relayed requests
    net::connection_pool subrequest_pool;    ///< for authorization
    net::connection_pool object_header_pool; ///< for requests whose response may name an object
    net::connection_pool origin_pool;
    session::worker_context context;
    relay::upstream upstream;
    authorize::authorizer authorizer;
    media::worker_parts media;
    proxy::services phases;
    access_log log;
    open_exchanges open;
    waiting_line idle; ///< connections that may be closed to make room
    std::list<tcp_acceptor> acceptors;
    std::atomic<std::size_t> app_connections{0};    ///< as of the last tick; read by the first worker
    std::atomic<std::size_t> origin_connections{0}; ///< likewise
};

} // namespace sluice::server
