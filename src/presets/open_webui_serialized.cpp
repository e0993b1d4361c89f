#include <sluice/authorize/resource_path.hpp>
#include <sluice/http/target.hpp>
#include <sluice/presets/open_webui_changes.hpp>
#include <sluice/presets/open_webui_presentation.hpp>
#include <sluice/presets/open_webui_serialized.hpp>

namespace sluice::presets {

std::optional<std::string> open_webui_serialized_file(std::string_view target) {
    constexpr std::size_t id_length = 36;
    constexpr std::string_view content = "/content";
    if (http::split_target(target).path.size() < open_webui::files.size() + id_length + content.size()) {
        return std::nullopt; // no spelling is shorter
    }
    const std::string path = authorize::resource_path(target);
    std::string_view rest = path;
    if (!rest.starts_with(open_webui::files)) {
        return std::nullopt;
    }
    rest.remove_prefix(open_webui::files.size());
    const auto id = rest.substr(0, id_length);
    rest.remove_prefix(id.size());
    if (!is_uuid(id) || !rest.starts_with(content)) {
        return std::nullopt;
    }
    rest.remove_prefix(content.size());
    const bool beneath = rest.starts_with('/') && rest.find('/', 1) == std::string_view::npos;
    return rest.empty() || beneath ? std::optional<std::string>(id) : std::nullopt;
}

} // namespace sluice::presets
