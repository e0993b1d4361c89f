#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What Open WebUI answers out of a copy on its disk that each request for the file writes anew. Pure.
namespace sluice::presets {

/// The id of the file whose copy a GET for `target` is answered from: `/api/v1/files/{id}/content`, and what lies one
/// segment beneath it, with any query, in all spellings that the app takes for these. Nullopt for all else.
[[nodiscard]] std::optional<std::string> open_webui_copy(std::string_view target);

} // namespace sluice::presets
