#include <sluice/origin/identity.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/sign/azure/address.hpp>

namespace sluice::origin {

namespace {

std::string uri_prefix_of(const config::store& s) {
    switch (s.type) {
    case config::store_type::local:
        return "file://" + s.root + "/";
    case config::store_type::gcs:
        return "gs://" + s.bucket + "/";
    case config::store_type::azure:
        return blob_endpoint(s) + "/" + s.bucket + "/";
    case config::store_type::s3:
        break;
    }
    return "s3://" + s.bucket + "/";
}

capabilities capabilities_of(config::store_type type) {
    capabilities can;
    switch (type) {
    case config::store_type::local:
        can.local = true;
        break;
    case config::store_type::gcs: // cloud.google.com/storage/docs/xml-api/reference-headers
        can.generation_field = "x-goog-generation";
        can.generation_match_field = "x-goog-if-generation-match";
        break;
    case config::store_type::azure: // learn.microsoft.com "Specifying the range header for Blob service operations"
        can.suffix_ranges = false;
        break;
    case config::store_type::s3:
        break;
    }
    return can;
}

} // namespace

std::string blob_endpoint(const config::store& s) {
    const config::url u = sign::azure_endpoint(s);
    return (u.tls ? "https://" : "http://") + u.authority() + u.path;
}

store::store(const config::store& settings, const config::fallback& limits, metrics::store_metrics& counters)
    : settings_(settings)
    , can_(capabilities_of(settings.type))
    , signing_(sign::make_signing(settings))
    , identity_(identity_of(settings, signing_.who, signing_.place, identity::process_environment()))
    , uri_prefix_(uri_prefix_of(settings))
    , counters_(counters)
    , breaker_(limits.breaker_failures, limits.breaker_open)
    , patience_(limits.after) {}

std::vector<std::shared_ptr<identity::renewable>> store::renewals() const {
    auto all = signing_.renewals;
    all.insert(all.end(), signing_.renewals_for_urls.begin(), signing_.renewals_for_urls.end());
    return all;
}

} // namespace sluice::origin
