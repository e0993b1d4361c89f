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

std::optional<std::string_view> open_webui_key(config::store_type type, std::string_view path) noexcept {
    std::optional<std::string_view> key;
    switch (type) {
    case config::store_type::s3:
        key = behind_bucket(path);
        break;
    case config::store_type::gcs:
        key = path.starts_with("gs://") ? behind_bucket(path) : std::nullopt;
        if (key && key->find('/') != std::string_view::npos) {
            return std::nullopt;
        }
        break;
    case config::store_type::local:
        if (!path.starts_with('/')) {
            return std::nullopt; // from the app's working directory, which nobody else knows
        }
        [[fallthrough]];
    case config::store_type::azure:
        key = path.substr(path.rfind('/') + 1);
        break;
    }
    return key && !key->empty() ? key : std::nullopt;
}

} // namespace sluice::presets
