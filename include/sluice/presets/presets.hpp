#pragma once

#include <sluice/authorize/preset.hpp>
#include <sluice/config/config.hpp>

namespace sluice::presets {

/// The rules of a preset; nullptr for `none`. They live as long as the process.
[[nodiscard]] const authorize::preset* rules_of(config::preset which) noexcept;

} // namespace sluice::presets
