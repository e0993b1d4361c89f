#include <sluice/media/cors.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/proxy/authorized_object.hpp>
#include <sluice/proxy/handle_request.hpp>
#include <sluice/proxy/router.hpp>
#include <sluice/proxy/serialized_request.hpp>
#include <sluice/proxy/unsafe_request.hpp>
#include <sluice/proxy/unserved_request.hpp>
#include <sluice/relay/app_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/send_response.hpp>

#include "follow_redirect.hpp"
#include "object_header_filter.hpp"

namespace sluice::proxy {

namespace {

/// The fields of a response of ours to a preflight; nullopt where it is none, or one that the app responds to.
std::optional<http::header_list> preflight_fields(const session::exchange& x, const route_match& to) {
    if (to.route == nullptr || !to.route->settings.cors || x.parser.has_body()) {
        return std::nullopt;
    }
    return media::preflight_response_fields(*to.route->settings.cors, x.request.method, x.request.fields);
}

route_match route_of(const services& with, const session::exchange& x) {
    return find_route(with.routes, x.target, [&x] { return hosts_of(x); });
}

/// Look up; deliver, or fill and deliver; where that fails, relay, or end otherwise.
awaitable<void> deliver(services& with, media::media_request& m, app_response so_far) {
    auto delivered = co_await media::deliver_object(with.media, m);
    if (!delivered) {
        const auto step = after_failure(delivered.error(), m.x.head_sent, so_far);
        co_await end_undelivered(with, m, std::move(delivered.error()), step);
    }
}

/// Relays a request whose object lies elsewhere. Nothing of a query goes to the log.
awaitable<void> relay_elsewhere(services& with, session::exchange& x, const media::media_route& route, error why) {
    const std::string_view named =
        route.settings.query_captures.empty() ? std::string_view(why.detail) : std::string_view();
    co_await relay_unresolved(with, x, route, metrics::fallback_reason::not_ours, named, {});
}

/// An object that the route's path names, or the app's response to a subrequest.
awaitable<void> serve_media(services& with, session::exchange& x, const route_match& to) {
    const media::media_route& route = *to.route;
    const request_start start(with);
    auto plan = plan_request(to);
    if (!plan) {
        co_await relay_elsewhere(with, x, route, plan.error());
        co_return;
    }
    // Authorize and resolve.
    ask_own_url(*plan, route, x.target);
    auto auth = co_await authorize::authorize_request(with.authorizer, x, route, plan->subrequest);
    apply_object_template(to, auth);
    const auto step = after_authorization(auth.decision, auth.client_gone, auth.denied_response != nullptr);
    if (step != auth_step::deliver) {
        co_await end_unauthorized(with, x, route, std::move(auth), step);
        co_return;
    }
    auto m = media_request_of(with, x, route, object_of(route, std::move(*plan), std::move(auth)), start);
    co_await deliver(with, m, app_response::none);
}

/// An object that the app's own response to the request names, with that response's fields.
awaitable<void> serve_object_header(services& with, session::exchange& x, const route_match& to) {
    const media::media_route& route = *to.route;
    const request_start start(with);
    // Authorize and resolve: relay, and keep the response back where it names an object.
    object_header_filter response(route, *x.worker.settings, x.request.method);
    relay::forward_options how;
    how.filter = &response;
    how.may_name_object = true;
    co_await relay::forward(with.app, x, how);
    if (response.why_failed && !response.object) { // it was relayed in any case: there is nothing left to fall back to
        media::record_fallback(x, route, {to_string(*response.why_failed), response.failure_detail});
    }
    if (!response.object) {
        co_return;
    }
    x.authorize_time = steady_clock::now() - start.began;
    auto object = object_of_header(to, x.target, *response.object, std::move(response.fields));
    if (!object) {
        co_await send_not_ours(with, x, route, *response.object);
        co_return;
    }
    auto m = media_request_of(with, x, route, std::move(*object), start);
    co_await deliver(with, m, app_response::held_back);
}

/// Authorize and resolve, look up, deliver.
awaitable<void> serve(services& with, session::exchange& x, const route_match& to) {
    const auto& settings = to.route->settings;
    if (settings.follow) {
        return follow_redirect(with, x, *to.route);
    }
    return settings.object_header.empty() ? serve_media(with, x, to) : serve_object_header(with, x, to);
}

/// Relays a request that is not a media request.
awaitable<void> relay_request(services& with, session::exchange& x) {
    if (is_unsafe(x.request.method) && !with.routes.empty()) {
        const named_resources named(x.request.method, x.target, with.routes);
        co_await relay_unsafe(with, x, named);
        co_return;
    }
    const auto serialized = find_serialized(with.routes, x.request.method, x.target, x.parser.has_body());
    if (serialized.route != nullptr) {
        co_await relay_serialized(with, x, *serialized.route, serialized.name);
        co_return;
    }
    co_await relay::forward(with.app, x);
}

} // namespace

awaitable<void> handle_request(services& with, session::exchange& x) {
    // Check for a loop.
    if (relay::has_looped(x.request.fields, with.app.pseudonym)) {
        co_await session::send_response(x, 508, "508 Loop Detected: app.url leads back here.\n");
        co_return;
    }
    // Route.
    const route_match to = route_of(with, x);
    x.route = to.route != nullptr ? to.route->counters : &with.app.counters;
    if (to.route != nullptr && is_media_request(x.request, x.parser.has_body())) {
        co_await serve(with, x, to);
        co_return;
    }
    // Preflight.
    if (const auto fields = preflight_fields(x, to)) {
        co_await session::send_response(x, 204, {}, *fields);
        co_return;
    }
    // Relay.
    co_await relay_request(with, x);
}

} // namespace sluice::proxy
