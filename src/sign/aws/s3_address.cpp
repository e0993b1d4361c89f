#include <sluice/config/cloud_hosts.hpp>
#include <sluice/sign/aws/s3_address.hpp>

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sluice::sign {

namespace {

// Partitions of AWS and their domains (botocore's `partitions.json`), by how the names of their regions begin.
std::string_view domain_of(std::string_view region) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> others{{{"cn-", "amazonaws.com.cn"},
                                                                                   {"eusc-", "amazonaws.eu"},
                                                                                   {"us-iso-", "c2s.ic.gov"},
                                                                                   {"us-isob-", "sc2s.sgov.gov"},
                                                                                   {"eu-isoe-", "cloud.adc-e.uk"},
                                                                                   {"us-isof-", "csp.hci.ic.gov"}}};
    for (const auto& [begin, domain] : others) {
        if (region.starts_with(begin)) {
            return domain;
        }
    }
    return "amazonaws.com"; // aws-us-gov too
}

// AWS General Reference, "Amazon S3 endpoints": s3[-fips][.dualstack].<region>; S3 User Guide, "Transfer Acceleration":
// s3-accelerate[.dualstack], without a region, and only with the bucket in the host name.
config::url aws_endpoint(const config::store& store, const std::string& region) {
    if (store.accelerate && store.fips) {
        throw std::invalid_argument("Transfer Acceleration has no FIPS endpoint (fips or AWS_USE_FIPS_ENDPOINT)");
    }
    config::url url;
    url.tls = true;
    url.port = 443;
    url.host = store.accelerate ? "s3-accelerate" : store.fips ? "s3-fips" : "s3";
    if (store.dual_stack) {
        url.host += ".dualstack";
    }
    if (!store.accelerate) {
        url.host += "." + region;
    }
    url.host.append(".").append(domain_of(region));
    return url;
}

} // namespace

bucket_address resolve_s3_address(const config::store& store) {
    if (store.bucket.empty()) {
        throw std::invalid_argument("an S3 store needs a bucket");
    }
    std::string region = store.region.empty() ? "us-east-1" : store.region; // the default of the SDKs
    config::url url = store.endpoint ? *store.endpoint : aws_endpoint(store, region);

    // The style is a preference: a bucket that does not fit into a host name goes into the path, as in the SDKs.
    const bool preferred = store.accelerate || store.addressing == config::addressing_style::virtual_hosted ||
                           (store.addressing == config::addressing_style::automatic && !store.endpoint);
    const bool virtual_hosted = preferred && fits_in_host(store.bucket, url);
    if (store.accelerate && !virtual_hosted) {
        throw std::invalid_argument("Transfer Acceleration needs a bucket whose name can be part of a host name");
    }
    return address_of(std::move(url), store.bucket, std::move(region), virtual_hosted);
}

std::vector<config::url> s3_url_places(const config::store& store) {
    std::vector<config::url> places;
    const std::string region = store.region.empty() ? "us-east-1" : store.region;
    const std::string domain = "." + std::string(domain_of(region));
    if (store.endpoint) {
        append_url_places(places, *store.endpoint, store.bucket);
        if (!store.endpoint->host.ends_with(domain) || !config::is_clouds_own(*store.endpoint)) {
            return places;
        }
    }
    // AWS General Reference, "Amazon S3 endpoints"; S3 User Guide, "Virtual hosting of general purpose buckets": the
    // legacy global endpoint and `s3-REGION`.
    for (const char* host : {"s3.", "s3.dualstack.", "s3-fips.", "s3-fips.dualstack.", "s3-"}) {
        append_url_places(places, {true, host + region + domain, 443, ""}, store.bucket);
    }
    if (region.starts_with("us-gov-")) {
        return places; // another partition, whose bucket of this name is somebody else's: these hosts are of `aws`
    }
    for (const char* host : {"s3", "s3-accelerate", "s3-accelerate.dualstack"}) {
        append_url_places(places, {true, host + domain, 443, ""}, store.bucket);
    }
    return places;
}

} // namespace sluice::sign
