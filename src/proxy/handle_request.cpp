#include <sluice/http/target.hpp>
#include <sluice/proxy/cors.hpp>
#include <sluice/proxy/gate.hpp>
#include <sluice/proxy/handle_request.hpp>
#include <sluice/proxy/presentation.hpp>
#include <sluice/proxy/relay.hpp>
#include <sluice/proxy/serve_media.hpp>

#include "subrequest.hpp"

#include <algorithm>

namespace sluice::proxy {

namespace {

// Open WebUI's own names: a file, and all of them at once.
constexpr std::string_view open_webui_files = "/api/v1/files/";
constexpr std::string_view open_webui_all_files = "/api/v1/files/all";

struct routed {
    const media_route* route{nullptr};
    std::vector<capture> captures{};
};

/// What a preset asks of a request beyond its path.
bool preset_takes(const config::route& r, const std::vector<capture>& captures, std::string_view query) {
    if (r.preset != config::preset::open_webui) {
        return true;
    }
    return open_webui_query(query) && std::ranges::all_of(captures, [](const capture& c) { return is_uuid(c.raw); });
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
                preset_takes(route.settings, *captures, parts.query)) {
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

/// Takes the bytes of what was deleted out of the cache: the object that the path names by a route's template, and all
/// that the app named when it was asked for this path.
void purge_deleted(const exchange& x, media_services& media, const routed& to) {
    if (to.route != nullptr && to.route->store != nullptr && !to.route->settings.object.empty()) {
        if (const auto key = expand_key(to.route->settings.object, to.captures)) {
            media.cache.purge(to.route->store->identity(), key.value());
        }
    }
    const std::string id = resolver_id_of(x.target);
    const bool all = id == open_webui_all_files && std::ranges::any_of(media.routes, [](const media_route& r) {
                         return r.settings.preset == config::preset::open_webui;
                     });
    media.cache.purge_linked(id);
    if (all) {
        media.cache.purge_linked_below(open_webui_files);
    }
}

/// What a DELETE takes away must not be had from here a moment longer: neither leave nor bytes. They go before the
/// app's answer is passed on; where none comes the app may have deleted all the same.
class deleting_answer : public answer_filter {
public:
    deleting_answer(const exchange& x, const routed& to)
        : x_(x)
        , to_(to) {
        for_absent_clients = true;
    }
    bool pass(const http::response_head& head) override {
        answered_ = true;
        if ((head.status >= 200 && head.status < 300) || asked_twice) {
            purge_deleted(x_, *x_.services.media, to_);
        }
        return true;
    }
    /// The app may have got it, and nobody knows what it did.
    [[nodiscard]] bool unknown() const noexcept { return reached_app && !answered_; }

private:
    const exchange& x_;
    const routed& to_;
    bool answered_{false};
};

awaitable<void> relay_delete(exchange& x, const routed& to) {
    auto& media = *x.services.media;
    const decisions::deletion running(media.grants);
    deleting_answer answer(x, to);
    co_await relay_through(x, answer);
    if (answer.unknown()) {
        purge_deleted(x, media, to);
    }
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
    if (x.request.method == "DELETE" && x.services.media != nullptr) {
        co_await relay_delete(x, to);
        co_return;
    }
    co_await relay(x, {});
}

} // namespace sluice::proxy
