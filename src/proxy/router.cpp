#include <sluice/base/text.hpp>
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
                (route.app == nullptr || route.app->takes(parts, captures->front().raw))) {
                return {&route, std::move(*captures)};
            }
        }
    }
    return {};
}

const media::media_route* route_of_preset(const std::vector<media::media_route>& routes) noexcept {
    const auto found = std::ranges::find_if(routes, [](const auto& r) { return r.app != nullptr; });
    return found == routes.end() ? nullptr : &*found;
}

copy_match find_copy(const std::vector<media::media_route>& routes, std::string_view method, std::string_view target,
                     bool has_body) {
    const auto* route = method == "GET" && !has_body ? route_of_preset(routes) : nullptr;
    auto name = route != nullptr ? route->app->copy_of(target) : std::nullopt;
    return name ? copy_match{route, std::move(*name)} : copy_match{};
}

} // namespace sluice::proxy
