#include "outbound_proxy.hpp"

#include <sluice/base/log.hpp>

#include <algorithm>
#include <stdexcept>

namespace sluice::server {

namespace {

bool has_preset_store(const config::config& c) {
    return !c.unusable_stores.empty() ||
           std::ranges::any_of(c.stores, [](const auto& named) { return named.second.of_preset; });
}

} // namespace

result<std::shared_ptr<const net::proxy_settings>> outbound_proxy(const config::config& c) {
    auto settings = net::proxy_settings::from_process();
    if (!settings && !has_preset_store(c)) {
        throw std::invalid_argument(settings.error().detail);
    }
    if (settings && *settings) {
        const std::string where = (*settings)->proxy().authority();
        log::info("requests to stores go through a proxy", {{"proxy", where}});
    }
    return settings;
}

} // namespace sluice::server
