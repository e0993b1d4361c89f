#pragma once

#include <sluice/http/head.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/proxy/request_hosts.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which route a request takes. Pure.
namespace sluice::proxy {

/// A route, and what its captures took; `route` is nullptr where none matches.
struct route_match {
    const media::media_route* route{nullptr};
    std::vector<media::capture> captures{};
    std::string_view query{}; ///< raw, all of it
};

/// Says for which hosts the request is; asked only where a route depends on it.
using hosts_reader = std::function<request_hosts()>;

/// The first of `routes` that takes `target` (in origin form): its path, its hosts, its query, and its preset's rules
/// match, and its templates can be filled in. Without `read_hosts`, routes with `hosts` take nothing. Views into
/// `target`.
[[nodiscard]] route_match find_route(const std::vector<media::media_route>& routes, std::string_view target,
                                     const hosts_reader& read_hosts = {});

/// Whether the route is for the request's hosts.
[[nodiscard]] bool takes_hosts(const media::media_route& route, const hosts_reader& read_hosts);

/// True for a GET or HEAD without body, Expect and Upgrade; what has any of these is for the app alone.
[[nodiscard]] bool is_media_request(const http::request_head& request, bool has_body);

/// A resource that the app serves from a file which each request for it rewrites, and the preset's route; nullptr where
/// the request is for none. `name`: of `preset::serialized_resource`.
struct serialized_match {
    const media::media_route* route{nullptr};
    std::string name{};
};

/// `method`, `has_body`: of a request that is not a media request.
[[nodiscard]] serialized_match find_serialized(const std::vector<media::media_route>& routes, std::string_view method,
                                               std::string_view target, bool has_body);

/// The route whose preset's rules hold for the app; nullptr where no route has a preset.
[[nodiscard]] const media::media_route* route_of_preset(const std::vector<media::media_route>& routes) noexcept;

} // namespace sluice::proxy
