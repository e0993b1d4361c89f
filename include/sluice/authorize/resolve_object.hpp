#pragma once

#include <sluice/authorize/protected_route.hpp>

#include <optional>
#include <string>
#include <string_view>

/// Which object the app's answer names, and as what it is to be presented. Pure.
namespace sluice::authorize {

/// Puts the object that `values` names into `g`, and how it is presented to who asks for `target`. Nothing where it is
/// one that may be served; else why it is not, with `g.key` then what was named, as it may be logged. `values`: of the
/// pointers of `resolved_value`, read to the end.
[[nodiscard]] std::optional<metrics::fallback_reason> resolve_object(authorization& g, const protected_route& route,
                                                                     std::string_view target,
                                                                     const json_pointer_reader& values);

/// What of a named object's address may be logged: without user, query and more than 256 bytes.
[[nodiscard]] std::string loggable_name(std::string_view named);

} // namespace sluice::authorize
