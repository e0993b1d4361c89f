#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/authorize/store_hint.hpp>
#include <sluice/base/log.hpp>
#include <sluice/media/fallback_log.hpp>

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

void warn_once(fallback_state& state, const media_route& route, std::string_view reason, std::string_view named,
               std::string_view message) {
    const auto& store = route.settings.store.empty() ? route.settings.name : route.settings.store;
    if (!state.reported.is_first(std::string(reason) + ' ' + store)) {
        return;
    }
    const std::string configured = configured_locations(route);
    const std::string shown = authorize::loggable_name(named);
    std::string needed;
    if (reason == to_string(metrics::fallback_reason::not_ours)) {
        needed = authorize::store_hint(shown, authorize::meaning_of_field(route.settings.object_header));
    }
    log::warn(message, {{"route", route.settings.name},
                        {"store", route.settings.store},
                        {"reason", reason},
                        {"named", shown},
                        {"configured", configured},
                        {"needed", needed}});
}

} // namespace

void warn_left_to_app(fallback_state& state, const media_route& route, std::string_view reason,
                      std::string_view named) {
    warn_once(state, route, reason, named,
              "media requests are left to the app because their objects cannot be served here: compare the store's "
              "settings with the app's own (logged once per reason and store; counted in fallback_total)");
}

void warn_object_not_ours(fallback_state& state, const media_route& route, std::string_view reason,
                          std::string_view named) {
    warn_once(state, route, reason, named,
              "the app's response names an object in no configured store, and the client got a 502: compare the "
              "stores' settings with the app's own (logged once per route)");
}

} // namespace sluice::media
