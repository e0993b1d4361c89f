#pragma once

#include <sluice/config/config.hpp>

#include <string>

namespace sluice::config {

/// The configuration in force as JSON, with the keys of the file, sizes and times as the file writes them, and every
/// secret that is set as `"***"` (an access key's id too).
[[nodiscard]] std::string redacted_json(const config& c);

} // namespace sluice::config
