#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::authorize {

/// Which paths a template can give: its literal parts in their order, any text between them. Pure.
///
/// Wider than the template, never narrower: what it tells apart are paths that have nothing to do with a route.
class path_shape {
public:
    path_shape() = default; ///< no path at all
    /// `text`: a template with captures of `route_path` (config/path_template.hpp), or that path itself; what follows
    /// `?` does not count.
    path_shape(std::string_view text, std::string_view route_path);

    /// `path` is one of `resource_path`.
    [[nodiscard]] bool matches(std::string_view path) const noexcept;

private:
    std::vector<std::string> literals_{}; ///< decoded; between two of them stands a capture
    std::size_t slashes_{0};              ///< of the template; counts where no capture is of several segments
    bool any_depth_{false};
};

} // namespace sluice::authorize
