#pragma once

#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which route a request takes. Pure.
namespace sluice::proxy {

/// A route, and what its path's captures took; `route` is nullptr where none matches.
struct route_match {
    const media::media_route* route{nullptr};
    std::vector<media::capture> captures{};
};

/// The first of `routes` that takes `target` (in origin form): its path, its query, and what a preset asks beyond.
/// Views into `target`.
[[nodiscard]] route_match find_route(const std::vector<media::media_route>& routes, std::string_view target);

/// A resource that the app is to answer itself, from a copy that others may be asking for, and the preset's route.
struct copy_match {
    const media::media_route* route{nullptr};
    std::string name{};
};

/// `method`, `has_body`: of the request, which no route takes.
[[nodiscard]] copy_match find_copy(const std::vector<media::media_route>& routes, std::string_view method,
                                   std::string_view target, bool has_body);

/// The route whose preset's rules hold for the app; nullptr where no route has a preset.
[[nodiscard]] const media::media_route* route_of_preset(const std::vector<media::media_route>& routes) noexcept;

} // namespace sluice::proxy
