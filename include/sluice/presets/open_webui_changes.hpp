#pragma once

#include <sluice/authorize/preset.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What Open WebUI's own requests change beyond the file that they name. Facts of its routers (0.12.4). Pure.
namespace sluice::presets::open_webui {

/// Its own names: what those of files begin with, and all files at once.
inline constexpr std::string_view files = "/api/v1/files/";
inline constexpr std::string_view all_files = "/api/v1/files/all";

using authorize::decision_scope;

/// By method and path (of `resource_path`) of an unsafe request.
[[nodiscard]] decision_scope scope_of(std::string_view method, std::string_view path) noexcept;

/// Whether the content of a POST to `path` names files that the app may delete with it.
[[nodiscard]] bool content_names_files(std::string_view path) noexcept;

/// How much content is read for them, in bytes: some 400 names. Those in longer content are not known.
inline constexpr std::size_t max_content = 16U * 1024;

/// The subrequest paths of the files that such content names (`file_id`, `file_ids`); none where it is
/// not the JSON that the app takes. Only names of files as the app makes them (UUIDs) count.
[[nodiscard]] std::vector<std::string> named_files(std::string_view content);

} // namespace sluice::presets::open_webui
