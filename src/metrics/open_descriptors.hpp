#pragma once

#include <cstddef>
#include <optional>

namespace sluice::metrics {

/// How many descriptors this process has open; nullopt where the system does not say.
[[nodiscard]] std::optional<std::size_t> open_descriptor_count();

} // namespace sluice::metrics
