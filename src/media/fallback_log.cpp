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

/// What the operator can do where a redirect is not followed.
std::string_view advice_on(std::string_view reason) {
    if (reason == "elsewhere") {
        return "the app redirects to a signed URL that lies in no configured store: if that is the app's object store, "
               "configure it under stores, with its endpoint, bucket and prefix, or add the URL's beginning to its "
               "aliases";
    }
    if (reason == "encoded_slash") {
        return "the app writes %2F for the slashes of a key in its redirects, which are not followed, as two readers "
               "may take them for two objects: have it write slashes";
    }
    if (reason == "unsigned" || reason == "foreign" || reason == "invalid") {
        return "the app redirects into a configured store by a URL that is not signed by the store's own key: give "
               "Sluice the key that the app signs with; only for a public bucket, or an app where nobody else chooses "
               "the redirect, set follow.trust to location";
    }
    return "the app redirects into a configured store by a URL that does not name an object's bytes alone, and the "
           "client follows it itself";
}

/// Without what may be a secret, or is of no use: user information, query and fragment.
std::string shown_url(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const auto scheme = url.find("://");
    const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto host = url.substr(begin, url.find('/', begin) - begin);
    const auto at = host.rfind('@');
    std::string shown(url.substr(0, begin));
    return shown.append(url.substr(at == std::string_view::npos ? begin : begin + at + 1));
}

} // namespace

void warn_not_followed(fallback_state& state, const media_route& route, std::string_view reason, std::string_view url) {
    if (!state.reported.is_first("follow " + std::string(reason) + ' ' + route.settings.name)) {
        return;
    }
    log::warn("a redirect of the app is not followed, and the client gets it (logged once per route and reason)",
              {{"route", route.settings.name},
               {"reason", reason},
               {"named", authorize::loggable_name(shown_url(url))},
               {"configured", configured_locations(route)},
               {"do", advice_on(reason)}});
}

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
