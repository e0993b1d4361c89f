#pragma once

#include <sluice/config/config.hpp>
#include <sluice/proxy/media.hpp>

/// From the configuration to the media path's run-time state.
namespace sluice::server {

[[nodiscard]] cache::cache_settings cache_settings_of(const config::cache& c);

/// Makes the stores and compiles the routes into `media`. Throws `std::invalid_argument` for a store that cannot be
/// addressed.
void add_routes(proxy::media_services& media, const config::config& settings);

} // namespace sluice::server
