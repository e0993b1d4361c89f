#pragma once

#include <sluice/config/config.hpp>
#include <sluice/proxy/media.hpp>

/// From the configuration to the media path's run-time state.
namespace sluice::server {

[[nodiscard]] cache::cache_settings cache_settings_of(const config::cache& c);

/// Makes the stores and compiles the routes into `media`. Throws `std::invalid_argument` for a store that cannot be
/// used, unless it is a preset's: that is said at error level, counted, and put into `media.unusable_stores`.
/// `no_network`: why no store beyond this machine can be asked; "": they can.
void add_routes(proxy::media_services& media, const config::config& settings, std::string_view no_network);

/// Says which stores begin with nothing cached because what there is of them belongs to another owner, and how to take
/// it over. `cached`: how many objects there are of each store's identity.
void tell_of_other_owners(const proxy::media_services& media, const std::map<std::string, std::size_t>& cached);

} // namespace sluice::server
