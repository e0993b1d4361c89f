#include <sluice/origin/store.hpp>
#include <sluice/sign/azure/address.hpp>

namespace sluice::origin {

store::store(const config::store& settings, const config::fallback& limits, metrics::store_metrics& counters)
    : settings_(settings)
    , capabilities_(kind_of(settings).capabilities())
    , signing_(make_signing(settings))
    , identity_(kind_of(settings).identity(settings, signing_.who, signing_.location, identity::process_environment()))
    , uri_prefix_(kind_of(settings).uris(settings).purge)
    , counters_(counters)
    , breaker_(limits.breaker_failures, limits.breaker_open)
    , fetch_timeout_(limits.after) {}

std::vector<std::shared_ptr<identity::refreshable>> store::refreshables() const {
    auto all = signing_.refreshables;
    all.insert(all.end(), signing_.refreshables_for_urls.begin(), signing_.refreshables_for_urls.end());
    return all;
}

} // namespace sluice::origin
