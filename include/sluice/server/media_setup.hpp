#pragma once

#include <sluice/cache/object_cache.hpp>
#include <sluice/config/config.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/origin/store.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// From the configuration to the media path's run-time state.
namespace sluice::server {

/// The configured stores, and the routes that serve their objects. Immutable once made.
struct media_setup {
    std::map<std::string, std::unique_ptr<origin::store>> stores{};
    /// Of presets: why, as operators may read it. They are not in `stores`.
    std::map<std::string, std::string> unusable_stores{};
    std::vector<media::media_route> routes{};
};

[[nodiscard]] cache::cache_settings cache_settings_of(const config::cache& c);

/// Makes the stores and compiles the routes. Throws `std::invalid_argument` for a store that cannot be used, unless it
/// is a preset's: that is said at error level, counted, and put into `unusable_stores`. `no_network`: why no store
/// beyond this machine can be asked; "": they can.
[[nodiscard]] media_setup make_media_setup(const config::config& settings, metrics::metrics& counters,
                                           std::string_view no_network);

/// Says which stores begin with nothing cached because what there is of them belongs to another owner, and how to take
/// it over. `cached`: how many objects there are of each store's identity.
void tell_of_other_owners(const media_setup& media, const std::map<std::string, std::size_t>& cached);

} // namespace sluice::server
