#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/base/log.hpp>
#include <sluice/media/fallback.hpp>

namespace sluice::media {

namespace {

/// Where the route's objects may lie by its settings.
std::string configured_locations(const media_route& route) {
    std::string all;
    for (const auto& place : route.locations) {
        all.append(all.empty() ? "" : ", ").append(place.shown);
    }
    if (route.locations.empty() && route.store != nullptr) {
        all = authorize::location_of(route.store->settings()).shown;
    }
    return all.empty() ? "no store that can be used: see /readyz" : all;
}

} // namespace

void warn_left_to_app(fallback_state& state, const media_route& route, std::string_view reason,
                      std::string_view named) {
    const auto& store = route.settings.store.empty() ? route.settings.name : route.settings.store;
    if (!state.reported.is_first(std::string(reason) + ' ' + store)) {
        return;
    }
    const std::string configured = configured_locations(route);
    log::warn("media requests are left to the app (said once for this reason and store; fallback_total counts them): "
              "where what is named should be found, compare the storage settings with the app's own",
              {{"route", route.settings.name},
               {"store", route.settings.store},
               {"reason", reason},
               {"named", authorize::loggable_name(named)},
               {"configured", configured}});
}

} // namespace sluice::media
