#pragma once

#include <sluice/origin/store_kind.hpp>

namespace sluice::origin {

/// Google Cloud Storage by its XML API: `type: gcs`.
[[nodiscard]] const store_kind& gcs_kind() noexcept;

} // namespace sluice::origin
