#include "worker_state.hpp"

#include <sluice/server/descriptors.hpp>

#include <algorithm>
#include <utility>

namespace sluice::server {

namespace {

/// How long idle connections to the app are kept: shorter than the 5 s after which Node and uvicorn close them without
/// a word, which a request that may not be sent twice could run into.
constexpr config::duration app_keep_alive{4000};

} // namespace

worker_state::worker_state(unsigned index, std::shared_ptr<const config::config> settings, metrics::metrics& counters,
                           std::shared_ptr<const net::proxy_settings> proxies, const shared_parts& parts)
    : self(index)
    , app_pool(self, settings->app.keepalive, std::min(app_keep_alive, settings->limits.idle_timeout))
    , subrequest_pool(self, settings->app.keepalive, std::min(app_keep_alive, settings->limits.idle_timeout))
    , object_header_pool(self, settings->app.keepalive, std::min(app_keep_alive, settings->limits.idle_timeout))
    , origin_pool(self, max_idle_origin_connections, settings->limits.idle_timeout, std::move(proxies))
    , context{self, settings, counters}
    , upstream{{settings->app.address.tls,
                settings->app.address.host,
                settings->app.address.port,
                {},
                settings->app.connect_timeout,
                error_source::app},
               app_pool,
               object_header_pool,
               counters.route("relay")}
    , authorizer{parts.decisions, upstream, subrequest_pool}
    , media{{context, parts.cache, origin_pool, parts.fills, parts.memory, settings->cache.read_ahead},
            {parts.lookups, parts.revalidations, settings->cache.stale_if_error},
            {parts.reads, parts.encoders}}
    , phases{upstream, authorizer, media, parts.fallback, parts.routes, parts.invalidation_rules}
    , log(settings->log.access) {}

} // namespace sluice::server
