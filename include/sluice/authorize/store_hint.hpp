#pragma once

#include <sluice/authorize/object_uri.hpp>

#include <string>
#include <string_view>

namespace sluice::authorize {

/// For the log: what to configure so that the object which the app calls `named` (of `loggable_name`) lies in a store.
/// `meaning`: of a path. Pure.
[[nodiscard]] std::string store_hint(std::string_view named, path_meaning meaning);

} // namespace sluice::authorize
