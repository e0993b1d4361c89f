#include <sluice/presets/open_webui_key.hpp>

namespace sluice::presets {

namespace {

/// All after the first slash behind what follows `://`.
std::optional<std::string_view> behind_bucket(std::string_view path) noexcept {
    constexpr std::string_view mark = "://";
    const auto scheme = path.find(mark);
    if (scheme == std::string_view::npos) {
        return std::nullopt;
    }
    const auto slash = path.find('/', scheme + mark.size());
    return slash == std::string_view::npos ? std::nullopt : std::optional(path.substr(slash + 1));
}

} // namespace

std::optional<std::string_view> open_webui_key(std::string_view kind, std::string_view path) noexcept {
    std::optional<std::string_view> key;
    if (kind == "s3") {
        key = behind_bucket(path);
    } else if (kind == "gcs") {
        key = path.starts_with("gs://") ? behind_bucket(path) : std::nullopt;
        if (key && key->find('/') != std::string_view::npos) {
            return std::nullopt;
        }
    } else if (kind == "azure" || (kind == "local" && path.starts_with('/'))) {
        key = path.substr(path.rfind('/') + 1); // a relative path starts from a directory that only the app knows
    }
    return key && !key->empty() ? key : std::nullopt;
}

} // namespace sluice::presets
