#pragma once

#include <sluice/base/error.hpp>

#include <cerrno>
#include <string_view>

/// What the sources of `block_store` share.
namespace sluice::cache::detail {

inline constexpr const char* older_version_name = "/v1";
inline constexpr std::string_view data_suffix = ".data";
inline constexpr std::string_view metadata_suffix = ".meta";
inline constexpr std::string_view temporary_suffix = ".tmp";

/// `disk_full` or `disk_error`, as `number` says. `what` failed; for the log.
[[nodiscard]] error system_error(const char* what, int number = errno);

} // namespace sluice::cache::detail
