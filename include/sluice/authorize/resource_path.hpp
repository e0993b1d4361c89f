#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Paths as names of what an app may change, in one normal form: all spellings of a path are one name. Pure.
///
/// These names are used for invalidation alone. Where two different paths have one name, that costs a subrequest too
/// many; it never gives the wrong object.
namespace sluice::authorize {

/// The path of an origin-form target as a name: decoded once (raw where that fails), without query, without what
/// follows `;` in a segment, without empty and dot segments, and without `/` at its end but for the root's.
[[nodiscard]] std::string resource_path(std::string_view target);

/// The number of ancestors that `with_ancestors` returns at most: no app has its resources deeper.
inline constexpr std::size_t max_ancestors = 16;

/// `path` (of `resource_path`) itself, then those of its ancestors by whole segments that have `max_ancestors`
/// segments at most, from the longest to the shortest, the root not included. Views into `path`.
[[nodiscard]] std::vector<std::string_view> with_ancestors(std::string_view path);

} // namespace sluice::authorize
