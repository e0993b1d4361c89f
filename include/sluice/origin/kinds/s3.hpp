#pragma once

#include <sluice/origin/store_kind.hpp>

namespace sluice::origin {

/// Amazon S3 and servers that speak its API: `type: s3`.
[[nodiscard]] const store_kind& s3_kind() noexcept;

} // namespace sluice::origin
