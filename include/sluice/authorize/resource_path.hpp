#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Paths as names of what an app may change, in one form, so that the ways to write one are one name. Pure.
///
/// The form only ever decides what is asked anew: two paths that it takes for one cost a question too many, never an
/// answer to the wrong one.
namespace sluice::authorize {

/// The path of an origin-form target as a name: decoded once (raw where that fails), without query, without what
/// follows `;` in a segment, without empty and dot segments, and without `/` at its end but for the root's.
[[nodiscard]] std::string resource_path(std::string_view target);

/// The most ancestors that `with_ancestors` gives: what an app names lies less deep.
inline constexpr std::size_t most_ancestors = 16;

/// `path` (of `resource_path`) itself, then those of its ancestors by whole segments that have `most_ancestors`
/// segments at most, from the longest to the shortest, the root not included. Views into `path`.
[[nodiscard]] std::vector<std::string_view> with_ancestors(std::string_view path);

} // namespace sluice::authorize
