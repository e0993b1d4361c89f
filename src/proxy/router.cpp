#include <sluice/http/target.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/media/route_query.hpp>
#include <sluice/proxy/authorized_object.hpp>
#include <sluice/proxy/router.hpp>

#include <algorithm>

namespace sluice::proxy {

namespace {

/// Whether the request's values fit the route's templates. An object that lies elsewhere is one all the same.
bool is_filled_in(const route_match& found) {
    if (!found.route->is_selective) {
        return true;
    }
    const auto plan = plan_request(found);
    return plan || !plan.error().detail.empty();
}

} // namespace

bool takes_hosts(const media::media_route& route, const hosts_reader& read_hosts) {
    const auto& hosts = route.settings.hosts;
    return hosts.empty() || (read_hosts && takes_hosts(hosts, read_hosts(), route.hosts_of_all));
}

route_match find_route(const std::vector<media::media_route>& routes, std::string_view target,
                       const hosts_reader& read_hosts) {
    const auto parts = http::split_target(target);
    if (!http::is_media_safe_path(parts.path)) {
        return {};
    }
    for (const auto& route : routes) {
        auto captures = route.path.match(parts.path);
        if (captures && takes_hosts(route, read_hosts) &&
            media::query_allowed(route.settings, parts.query, parts.has_query) &&
            media::take_query_captures(route.settings.query_captures, parts.query, *captures) &&
            (route.preset == nullptr || route.preset->accepts(parts, captures->front().raw))) {
            route_match found{&route, std::move(*captures), parts.query};
            if (is_filled_in(found)) {
                return found;
            }
        }
    }
    return {};
}

const media::media_route* route_of_preset(const std::vector<media::media_route>& routes) noexcept {
    const auto found = std::ranges::find_if(routes, [](const auto& r) { return r.preset != nullptr; });
    return found == routes.end() ? nullptr : &*found;
}

bool is_media_request(const http::request_head& request, bool has_body) {
    return (request.method == "GET" || request.method == "HEAD") && !has_body &&
           request.fields.find("Expect") == nullptr && request.fields.find("Upgrade") == nullptr;
}

serialized_match find_serialized(const std::vector<media::media_route>& routes, std::string_view method,
                                 std::string_view target, bool has_body) {
    const auto* route = method == "GET" && !has_body ? route_of_preset(routes) : nullptr;
    auto name = route != nullptr ? route->preset->serialized_resource(target) : std::nullopt;
    return name ? serialized_match{route, std::move(*name)} : serialized_match{};
}

} // namespace sluice::proxy
