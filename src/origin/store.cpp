#include <sluice/origin/store.hpp>
#include <sluice/sign/make_signer.hpp>

namespace sluice::origin {

namespace {

std::string identity_of(const config::store& s) {
    if (s.type == config::store_type::local) {
        return "local|" + s.root;
    }
    const std::string place = s.endpoint ? s.endpoint->authority() : "aws|" + s.region;
    return "s3|" + place + "|" + s.bucket;
}

} // namespace

store::store(const config::store& settings, const config::fallback& limits, metrics::store_metrics& counters)
    : settings_(settings)
    , identity_(identity_of(settings))
    , signer_(sign::make_signer(settings))
    , counters_(counters)
    , breaker_(limits.breaker_failures, limits.breaker_open)
    , patience_(limits.after) {
    can_.local = settings.type == config::store_type::local;
    uri_prefix_ = can_.local ? "file://" + settings.root + "/" : "s3://" + settings.bucket + "/";
}

} // namespace sluice::origin
