#pragma once

#include <sluice/config/config.hpp>

#include <string>
#include <string_view>

namespace sluice::config {

/// What stands for a secret in the redacted configuration: "***", or "" where the secret is empty.
[[nodiscard]] std::string_view redacted(std::string_view text) noexcept;

/// The configuration in force as JSON, with the keys of the file, sizes and times as the file writes them, and every
/// secret that is set as `"***"` (an access key's id too).
[[nodiscard]] std::string redacted_json(const config& c);

} // namespace sluice::config
