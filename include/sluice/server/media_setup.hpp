#pragma once

#include <sluice/cache/object_cache.hpp>
#include <sluice/config/config.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/proxy/invalidation.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Makes the run-time state of the media path from the configuration.
namespace sluice::server {

/// The configured stores, and the routes that serve their objects. Immutable once made.
struct media_setup {
    std::map<std::string, std::unique_ptr<origin::store>> stores{};
    /// Of presets: why, as operators may read it. They are not in `stores`.
    std::map<std::string, std::string> unusable_stores{};
    std::vector<media::media_route> routes{};
    std::vector<proxy::invalidation_rule> invalidation_rules{};
};

/// What the cache needs of its configuration: the directory and its limits.
[[nodiscard]] cache::cache_settings cache_settings_of(const config::cache& c);

/// Makes the stores and compiles the routes. Throws `std::invalid_argument` for a store that cannot be used, unless a
/// preset made it: that is logged as an error, shown by the store's metrics and put into `unusable_stores`.
/// `no_network`: why stores beyond this machine cannot be reached; "": they can.
[[nodiscard]] media_setup make_media_setup(const config::config& settings, metrics::metrics& counters,
                                           std::string_view no_network);

/// Warns of stores of which nothing is cached only because the cached objects of their bucket have another owner, and
/// how to take these over. `cached`: the number of objects by store identity.
void tell_of_other_owners(const media_setup& media, const std::map<std::string, std::size_t>& cached);

} // namespace sluice::server
