#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::authorize {

/// Matches the paths that a template can give: its literal parts in their order, with any text between them. Pure.
///
/// It may match more than the template gives, never less: it sorts out the paths with which a route has nothing to do.
class path_pattern {
public:
    path_pattern() = default; ///< matches nothing
    /// `text`: a template with captures of `route_path` (config/path_template.hpp), or that path itself; what follows
    /// `?` does not count.
    path_pattern(std::string_view text, std::string_view route_path);

    /// `path` is one of `resource_path`.
    [[nodiscard]] bool matches(std::string_view path) const noexcept;

private:
    std::vector<std::string> literals_{}; ///< decoded; between two of them stands a capture
    std::size_t slashes_{0};              ///< of the template; counts where no capture is of several segments
    bool any_depth_{false};
};

} // namespace sluice::authorize
