#include <sluice/media/cors.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/proxy/handle_request.hpp>
#include <sluice/proxy/router.hpp>
#include <sluice/proxy/serve_media.hpp>
#include <sluice/proxy/unsafe_request.hpp>
#include <sluice/relay/app_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/send_response.hpp>

namespace sluice::proxy {

namespace {

/// Methods and bodies that are the app's alone.
bool is_media_request(const session::exchange& x) {
    const auto& r = x.request;
    return (r.method == "GET" || r.method == "HEAD") && !x.parser.has_body() && r.fields.find("Expect") == nullptr &&
           r.fields.find("Upgrade") == nullptr;
}

/// The fields of an answer of ours to a preflight; none where it is the app's to answer, or no preflight.
std::optional<http::header_list> preflight_fields(const session::exchange& x, const media::media_route& route) {
    if (!route.settings.cors || x.parser.has_body()) {
        return std::nullopt;
    }
    return media::preflight_response_fields(*route.settings.cors, x.request.method, x.request.fields);
}

} // namespace

awaitable<void> handle_request(services& with, session::exchange& x) {
    if (relay::has_looped(x.request.fields, with.app.pseudonym)) {
        co_await session::send_response(x, 508, "508 Loop Detected: app.url leads back here.\n");
        co_return;
    }
    const route_match to = find_route(with.routes, x.target);
    x.route = to.route != nullptr ? to.route->counters : &with.app.counters;
    if (to.route != nullptr && is_media_request(x)) {
        if (to.route->settings.object_header.empty()) {
            co_await serve_media(with, x, *to.route, to.captures);
        } else {
            co_await serve_named(with, x, *to.route);
        }
        co_return;
    }
    if (to.route != nullptr) {
        if (const auto fields = preflight_fields(x, *to.route)) {
            co_await session::send_response(x, 204, {}, *fields);
            co_return;
        }
    }
    if (is_unsafe(x.request.method)) {
        const named_resources named(x.request.method, x.target, with.routes);
        if (named.concerns_us()) {
            co_await relay_unsafe(with, x, named);
            co_return;
        }
    }
    const auto copy = find_copy(with.routes, x.request.method, x.target, x.parser.has_body());
    if (copy.route != nullptr) {
        co_await relay_app_copy(with, x, *copy.route, copy.name);
        co_return;
    }
    co_await relay::forward(with.app, x);
}

} // namespace sluice::proxy
