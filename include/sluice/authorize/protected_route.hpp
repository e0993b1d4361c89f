#pragma once

#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/path_shape.hpp>
#include <sluice/authorize/preset.hpp>
#include <sluice/config/config.hpp>
#include <sluice/metrics/metrics.hpp>

#include <optional>
#include <vector>

namespace sluice::authorize {

/// A route, as far as it tells who may have its objects and how the app names them. Immutable.
struct protected_route {
    config::route settings;
    metrics::route_metrics* counters;
    const preset* app{nullptr};             ///< the rules of `settings.preset`; nullptr: it has none
    std::vector<store_place> places{};      ///< where an object that the app names may lie
    std::optional<std::size_t> own_place{}; ///< the route's own store among `places`
    path_shape asked_shape{};               ///< the paths that the app is asked for
    /// That path names one resource; else the app is asked the same for all, and it names none.
    bool asked_by_name{false};
};

} // namespace sluice::authorize
