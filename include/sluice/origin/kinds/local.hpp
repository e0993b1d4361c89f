#pragma once

#include <sluice/origin/store_kind.hpp>

namespace sluice::origin {

/// Directories of this machine: `type: local`.
[[nodiscard]] const store_kind& local_kind() noexcept;

} // namespace sluice::origin
