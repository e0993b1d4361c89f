#include <sluice/http/target.hpp>
#include <sluice/proxy/app_copy.hpp>
#include <sluice/proxy/cors.hpp>
#include <sluice/proxy/gate.hpp>
#include <sluice/proxy/handle_request.hpp>
#include <sluice/proxy/presentation.hpp>
#include <sluice/proxy/relay.hpp>
#include <sluice/proxy/serve_media.hpp>
#include <sluice/proxy/unsafe_request.hpp>

#include <algorithm>

namespace sluice::proxy {

namespace {

struct routed {
    const media_route* route{nullptr};
    std::vector<capture> captures{};
};

/// What a preset asks of a request beyond its path.
bool preset_takes(const config::route& r, const std::vector<capture>& captures, const http::target_parts& parts) {
    if (r.preset != config::preset::open_webui) {
        return true;
    }
    return is_uuid(captures.front().raw) && open_webui_form(parts.path, parts.query);
}

routed find_route(const exchange& x) {
    if (x.services.media == nullptr) {
        return {};
    }
    const auto parts = http::split_target(x.target);
    if (!http::is_media_safe_path(parts.path)) {
        return {};
    }
    for (const auto& route : x.services.media->routes) {
        if (auto captures = route.path.match(parts.path)) {
            if (query_allowed(route.settings, parts.query, parts.has_query) &&
                preset_takes(route.settings, *captures, parts)) {
                return {&route, std::move(*captures)};
            }
        }
    }
    return {};
}

/// Methods and bodies that are the app's alone.
bool is_media_request(const exchange& x) {
    const auto& r = x.request;
    return (r.method == "GET" || r.method == "HEAD") && !x.parser.has_body() && r.fields.find("Expect") == nullptr &&
           r.fields.find("Upgrade") == nullptr;
}

/// The fields of an answer of ours to a preflight; none where it is the app's to answer, or no preflight.
std::optional<std::string> preflight_fields(const exchange& x, const media_route& route) {
    if (!route.settings.cors || x.parser.has_body()) {
        return std::nullopt;
    }
    return preflight_answer_fields(*route.settings.cors, x.request.method, x.request.fields);
}

struct app_copy {
    const media_route* route{nullptr};
    std::string id{};
};

/// A file that the app is to answer itself, from a copy that others may be asking for.
app_copy find_app_copy(const exchange& x) {
    if (x.services.media == nullptr || x.request.method != "GET" || x.parser.has_body()) {
        return {};
    }
    const auto& routes = x.services.media->routes;
    const auto of_preset =
        std::ranges::find(routes, config::preset::open_webui, [](const media_route& r) { return r.settings.preset; });
    if (of_preset == routes.end()) {
        return {};
    }
    auto id = open_webui_copy(x.target);
    return id ? app_copy{&*of_preset, std::move(*id)} : app_copy{};
}

} // namespace

awaitable<void> handle_request(exchange& x) {
    if (has_looped(x)) {
        co_await answer(x, 508, "508 Loop Detected: app.url leads back here.\n", {});
        co_return;
    }
    const routed to = find_route(x);
    x.route = to.route != nullptr ? to.route->counters : &x.services.relay_counters;
    if (to.route != nullptr && is_media_request(x)) {
        if (to.route->settings.object_header.empty()) {
            co_await serve_media(x, *to.route, to.captures);
        } else {
            co_await serve_named(x, *to.route);
        }
        co_return;
    }
    if (to.route != nullptr) {
        if (const auto fields = preflight_fields(x, *to.route)) {
            co_await answer(x, 204, {}, *fields);
            co_return;
        }
    }
    if (x.services.media != nullptr && is_unsafe(x.request.method)) {
        const named_resources named(x.request.method, x.target, x.services.media->routes);
        if (named.concerns_us()) {
            co_await relay_unsafe(x, named);
            co_return;
        }
    }
    if (const auto copy = find_app_copy(x); copy.route != nullptr) {
        co_await relay_app_copy(x, *copy.route, copy.id);
        co_return;
    }
    co_await relay(x, {});
}

} // namespace sluice::proxy
