#pragma once

#include <sluice/origin/store_kind.hpp>

namespace sluice::origin {

/// Azure Blob Storage: `type: azure`.
[[nodiscard]] const store_kind& azure_kind() noexcept;

} // namespace sluice::origin
