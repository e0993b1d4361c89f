#pragma once

#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/path_pattern.hpp>
#include <sluice/authorize/preset.hpp>
#include <sluice/config/config.hpp>
#include <sluice/metrics/metrics.hpp>

#include <optional>
#include <vector>

namespace sluice::authorize {

/// A route, as far as authorization is concerned. Immutable.
struct protected_route {
    config::route settings;
    metrics::route_metrics* counters;
    const authorize::preset* preset{nullptr};  ///< the rules of `settings.preset`; nullptr: it has none
    std::vector<store_location> locations{};   ///< the stores in which an object that the app names may lie
    std::optional<std::size_t> own_location{}; ///< the route's own store among `locations`
    /// What a bare key of the app is: `part` where the route has an `object` beside `resolve` or `object_header`.
    authorize::bare_key bare_keys{authorize::bare_key::whole};
    path_pattern subrequest_pattern{}; ///< of subrequests; with `subrequest_names_resource` alone
    /// The subrequest's path has captures, and so names one resource; otherwise it is the same for all.
    bool subrequest_names_resource{false};
};

} // namespace sluice::authorize
