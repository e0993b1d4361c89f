#include <sluice/authorize/location.hpp>
#include <sluice/authorize/object_uri.hpp>
#include <sluice/media/requested_ranges.hpp>
#include <sluice/proxy/authorized_object.hpp>

#include <utility>

namespace sluice::proxy {

result<std::string> key_of_path(const media::media_route& route, const std::vector<media::capture>& captures) {
    const auto& store = route.store->settings();
    auto key = media::expand_key(route.settings.object, captures, authorize::key_form_of(store));
    if (!key) {
        return error{errc::bad_request, error_source::client};
    }
    if (!key.value().starts_with(store.prefix)) {
        return error{errc::bad_request, error_source::client, false, std::move(key.value())};
    }
    return key;
}

std::string subrequest_target(const media::media_route& route, const std::vector<media::capture>& captures) {
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    return how != nullptr ? media::expand_raw(how->path, captures) : std::string();
}

request_start::request_start(const services& with)
    : purges_seen(with.media.fills.cache.changes()) {}

authorized_object object_of(const media::media_route& route, std::string key_from_path, authorize::auth_result auth) {
    const bool named = auth.authorization && auth.authorization->store;
    origin::store& store = named ? *route.location_stores[*auth.authorization->store] : *route.store;
    std::string key = std::move(key_from_path);
    if (named) {
        key = auth.authorization->key;
    }
    return {store, std::move(key), std::move(auth.authorization), std::move(auth.set_cookie)};
}

std::optional<authorized_object> object_of_header(const media::media_route& route, std::string_view named,
                                                  http::header_list fields) {
    const auto url = authorize::url_in_path(named, route.settings.object_url_prefix);
    auto place = authorize::object_from_url(url ? *url : named, route.locations, route.own_location);
    if (!place && !url) {
        place = authorize::object_from_header(named, route.locations, route.own_location);
    }
    if (!place) {
        return std::nullopt;
    }
    authorize::authorization allowed;
    allowed.fields = std::move(fields);
    return authorized_object{*route.location_stores[place->store], std::move(place->key),
                             std::make_shared<const authorize::authorization>(std::move(allowed))};
}

media::media_request media_request_of(services& with, session::exchange& x, const media::media_route& route,
                                      authorized_object object, const request_start& start) {
    const auto now = steady_clock::now();
    media::media_request m{
        x, route, object.store, std::move(object.key), now + with.fallback.settings.after, start.purges_seen};
    m.head_only = x.request.method == "HEAD";
    m.wanted = media::parse_requested_ranges(x.request.fields);
    m.authorization = std::move(object.authorization);
    m.set_cookie = std::move(object.set_cookie);
    x.body_read = true; // it has none
    return m;
}

} // namespace sluice::proxy
