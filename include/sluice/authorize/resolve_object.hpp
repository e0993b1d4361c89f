#pragma once

#include <sluice/authorize/protected_route.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Which object the app's response names, and how it is presented. Pure.
namespace sluice::authorize {

/// Puts into `a` the object that `values` names, and how it is presented in the response to `target`. Returns nullopt
/// where it can be served; otherwise why not, and `a.key` is then what the app named, as it may be logged. `values`: of
/// the pointers of `resolved_value`, read to the end.
[[nodiscard]] std::optional<metrics::fallback_reason> resolve_object(authorization& a, const protected_route& route,
                                                                     std::string_view target,
                                                                     const json_pointer_reader& values);

/// Stands for what the app said at `resolve.version`: equal for equal texts; never 0 but for "".
[[nodiscard]] std::uint64_t version_of(std::string_view text);

/// What may be logged of an object's address: its first 256 bytes, without user and query.
[[nodiscard]] std::string loggable_name(std::string_view named);

} // namespace sluice::authorize
