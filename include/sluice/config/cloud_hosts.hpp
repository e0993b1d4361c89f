#pragma once

#include <sluice/config/config.hpp>

namespace sluice::config {

/// True where `place` is AWS's S3, Google's Cloud Storage or Azure's Blob Storage itself, by its host: there a bucket,
/// or an account's container, is the same one for everybody who may read it. On any other server who asks may decide
/// which bucket a name means.
[[nodiscard]] bool is_clouds_own(const url& place) noexcept;

} // namespace sluice::config
