#include <sluice/config/load.hpp>
#include <sluice/config/yaml_reader.hpp>

#include "sections.hpp"

#include <algorithm>
#include <array>

namespace sluice::config {

namespace {

constexpr std::string_view variable_prefix = "SLUICE_CFG_";

constexpr std::array<override_setting, 8> settings{{
    {"SLUICE_CFG_LISTEN", "listeners.0.address", "address of the first listener, as 0.0.0.0:8080"},
    {"SLUICE_CFG_ADMIN_ADDRESS", "admin.address", "address of the admin listener, as 127.0.0.1:9180"},
    {"SLUICE_CFG_APP_URL", "app.url", "where the app is, as http://127.0.0.1:3000"},
    {"SLUICE_CFG_WORKERS", "workers", "threads that serve connections: a number, or auto"},
    {"SLUICE_CFG_LOG_LEVEL", "log.level", "debug, info, warn or error"},
    {"SLUICE_CFG_LOG_FORMAT", "log.format", "json or text"},
    {"SLUICE_CFG_CACHE_DIRECTORY", "cache.directory", "where cached blocks are kept; empty: no cache"},
    {"SLUICE_CFG_CACHE_MAX_SIZE", "cache.max_size", "the most that the cache may take, as 20GiB"},
}};

} // namespace

void apply_overrides(node& root, const load_options& options, std::vector<diagnostic>& diagnostics) {
    for (const auto& [name, value] : options.environment) {
        if (!name.starts_with(variable_prefix)) {
            continue;
        }
        const auto* found = std::ranges::find(settings, std::string_view(name), &override_setting::variable);
        if (found != settings.end()) {
            overlay(root, found->key, value, name);
        } else {
            diagnostics.push_back({name, 0, 0, "there is no such variable: see --help for those that there are"});
        }
    }
    for (const auto& [key, value] : options.flags) {
        overlay(root, key, value, "flag for " + key);
    }
}

std::span<const override_setting> overrides() noexcept {
    return settings;
}

} // namespace sluice::config
