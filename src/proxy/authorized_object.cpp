#include <sluice/authorize/location.hpp>
#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/purge_tags.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/media/expand.hpp>
#include <sluice/media/requested_ranges.hpp>
#include <sluice/media/route_query.hpp>
#include <sluice/proxy/authorized_object.hpp>

#include <utility>

namespace sluice::proxy {

namespace {

error lies_nowhere(std::string detail = {}) {
    return error{errc::bad_request, error_source::client, false, std::move(detail)};
}

bool asks_app_for_object(const media::media_route& route) noexcept {
    return route.settings.resolve.has_value() || !route.settings.object_header.empty();
}

/// The object of `key`, put into the route's `object`, in the same store; nullopt where it cannot be there.
std::optional<std::string> with_object_template(const route_match& to, std::size_t store, std::string_view key) {
    auto text = media::expand_object(to.route->object, {to.captures, key});
    return text && authorize::holds_key(to.route->locations[store], *text) ? std::optional(std::move(*text))
                                                                           : std::nullopt;
}

} // namespace

result<object_place> object_of_request(const media::media_route& route, const std::vector<media::capture>& captures) {
    auto text = media::expand_object(route.object, {captures});
    if (!text) {
        return lies_nowhere();
    }
    const auto form = route.store != nullptr ? authorize::key_form_of(route.store->settings()) : config::key_form::tree;
    if (route.store == nullptr || authorize::is_object_uri(*text, form)) {
        const bool is_url = text->starts_with("http://") || text->starts_with("https://"); // else read as it is
        auto place = is_url ? authorize::object_from_url(*text, route.locations, std::nullopt)
                            : authorize::object_from_uri(*text, route.locations, std::nullopt);
        if (!place) {
            return lies_nowhere(authorize::loggable_name(*text));
        }
        return object_place{route.location_stores[place->store], std::move(place->key)};
    }
    if (text->size() > authorize::max_key || !authorize::has_safe_segments(*text, form)) {
        return lies_nowhere();
    }
    if (!text->starts_with(route.store->settings().prefix)) {
        return lies_nowhere(std::move(*text));
    }
    return object_place{route.store, std::move(*text)};
}

result<std::string> subrequest_target(const media::media_route& route, const std::vector<media::capture>& captures,
                                      std::string_view query) {
    if (route.subrequest.path.empty()) {
        return std::string();
    }
    auto target = media::expand_target(route.subrequest, captures);
    if (!target) {
        return lies_nowhere();
    }
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    const auto forwarded = how != nullptr ? media::forwarded_query(how->forward_query, query) : std::string();
    if (!forwarded.empty()) {
        target->append(route.subrequest.query.empty() ? "?" : "&").append(forwarded);
    }
    return target;
}

result<request_plan> plan_request(const route_match& to) {
    const media::media_route& route = *to.route;
    request_plan plan;
    if (!route.object.empty() && asks_app_for_object(route)) {
        if (!media::expand_object(route.object, {to.captures})) {
            return lies_nowhere();
        }
    } else if (!route.object.empty()) {
        auto place = object_of_request(route, to.captures);
        if (!place) {
            return std::move(place).error();
        }
        plan.store = place->store;
        plan.key = std::move(place->key);
    }
    auto target = subrequest_target(route, to.captures, to.query);
    if (!target) {
        return std::move(target).error();
    }
    plan.subrequest = std::move(*target);
    return plan;
}

void ask_own_url(request_plan& plan, const media::media_route& route, std::string_view target) {
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    if (how != nullptr && how->same != config::same_question::none) {
        plan.subrequest = target;
    }
}

request_start::request_start(const services& with)
    : purges_seen(with.media.fills.cache.changes()) {}

void apply_object_template(const route_match& to, authorize::auth_result& auth) {
    const auto& named = auth.authorization;
    if (to.route->object.empty() || !named || !named->store || auth.decision != authorize::auth_decision::allowed) {
        return;
    }
    auto changed = std::make_shared<authorize::authorization>(*named);
    if (auto key = with_object_template(to, *named->store, named->key)) {
        changed->key = std::move(*key);
    } else {
        changed->store.reset();
        changed->key = authorize::loggable_name(named->key);
        changed->unresolved_reason = metrics::fallback_reason::not_ours;
        auth.decision = authorize::auth_decision::unresolved;
    }
    auth.authorization = std::move(changed);
}

authorized_object object_of(const media::media_route& route, request_plan plan, authorize::auth_result auth) {
    const bool named = auth.authorization && auth.authorization->store;
    origin::store& store = named ? *route.location_stores[*auth.authorization->store] : *plan.store;
    std::string key = std::move(plan.key);
    if (named) {
        key = auth.authorization->key;
    }
    return {store, std::move(key), std::move(auth.authorization), std::move(auth.set_cookie)};
}

std::optional<authorized_object> object_of_header(const route_match& to, std::string_view target,
                                                  std::string_view named, http::header_list fields) {
    const auto& route = *to.route;
    const auto url = authorize::url_in_path(named, route.settings.object_url_prefix);
    auto place = authorize::object_from_url(url ? *url : named, route.locations, route.own_location);
    if (!place && !url) {
        const auto meaning = authorize::meaning_of_field(route.settings.object_header);
        place = authorize::object_from_header(named, route.locations, route.own_location, meaning, route.bare_keys);
    }
    if (!place) {
        return std::nullopt;
    }
    auto key = route.object.empty() ? std::optional(std::move(place->key))
                                    : with_object_template(to, place->store, place->key);
    if (!key) {
        return std::nullopt;
    }
    authorize::authorization allowed;
    allowed.fields = std::move(fields);
    allowed.purge_tags = authorize::purge_tags_of(route, {}, target);
    return authorized_object{*route.location_stores[place->store], std::move(*key),
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
