#pragma once

#include <sluice/authorize/preset.hpp>

namespace sluice::presets {

/// Lives as long as the process.
[[nodiscard]] const authorize::preset& open_webui_rules() noexcept;

} // namespace sluice::presets
