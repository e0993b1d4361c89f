#include <sluice/http/target.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/proxy/router.hpp>

#include <algorithm>

namespace sluice::proxy {

route_match find_route(const std::vector<media::media_route>& routes, std::string_view target) {
    const auto parts = http::split_target(target);
    if (!http::is_media_safe_path(parts.path)) {
        return {};
    }
    for (const auto& route : routes) {
        if (auto captures = route.path.match(parts.path)) {
            if (media::query_allowed(route.settings, parts.query, parts.has_query) &&
                (route.preset == nullptr || route.preset->accepts(parts, captures->front().raw))) {
                return {&route, std::move(*captures)};
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
