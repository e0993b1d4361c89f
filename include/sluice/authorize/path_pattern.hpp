#pragma once

#include <sluice/config/path_template.hpp>
#include <sluice/config/text_template.hpp>

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
    /// The paths that `route_path` matches.
    explicit path_pattern(const config::path_parts& route_path);
    /// The paths that `parts` give, of a subrequest of a route with that path.
    path_pattern(const config::text_parts& parts, const config::path_parts& route_path);

    /// `path` is one of `resource_path`.
    [[nodiscard]] bool matches(std::string_view path) const noexcept;

private:
    void add_literal(std::string_view raw);
    void add_value();
    void finish();

    std::vector<std::string> literals_{}; ///< decoded; between two of them stands a value
    std::size_t slashes_{0};              ///< of the template; counts where no value can have several segments
    bool any_depth_{false};
};

} // namespace sluice::authorize
