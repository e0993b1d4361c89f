#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What Open WebUI serves from a copy on its disk that each request for the file rewrites. Pure.
namespace sluice::presets {

/// The id of the file whose copy a GET for `target` is served from: `/api/v1/files/{id}/content`, and what lies one
/// segment beneath it, with any query, in all spellings that the app takes for these. Nullopt for all else.
[[nodiscard]] std::optional<std::string> open_webui_serialized_file(std::string_view target);

} // namespace sluice::presets
