#include <sluice/sign/aws/s3_address.hpp>
#include <sluice/sign/canonical.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sluice::sign {

namespace {

bool is_ip(const std::string& host) {
    boost::system::error_code ec;
    boost::asio::ip::make_address(host, ec);
    return !ec;
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// One label of a host name, as buckets are (S3 User Guide, "Bucket naming rules"). Old buckets of us-east-1 may have
// upper case and underscores, which host names do not.
bool is_host_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && is_plain(text.front()) && is_plain(text.back()) &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c) || c == '-'; });
}

bool are_host_labels(std::string_view text) {
    for (;;) {
        const auto dot = text.find('.');
        if (!is_host_label(text.substr(0, dot))) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

// Whether the bucket can stand before the endpoint's name, by the rules of the AWS SDKs: "If you include dots in a
// bucket's name, you can't use virtual-host-style addressing over HTTPS", since a wildcard certificate covers one label
// (RFC 9525 §6.3); and nothing can stand before an address.
bool can_be_in_host(const std::string& bucket, const config::url& endpoint) {
    if (bucket.size() < 3 || is_ip(endpoint.host) || is_ip(bucket)) {
        return false;
    }
    return endpoint.tls ? is_host_label(bucket) : are_host_labels(bucket);
}

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

s3_address resolve_s3_address(const config::store& store) {
    if (store.bucket.empty()) {
        throw std::invalid_argument("an S3 store needs a bucket");
    }
    const std::string region = store.region.empty() ? "us-east-1" : store.region; // as the SDKs have it
    config::url url = store.endpoint ? *store.endpoint : aws_endpoint(store, region);

    // A style is a wish: what a host name cannot hold goes into the path, as the SDKs do it.
    const bool wanted = store.accelerate || store.addressing == config::addressing_style::virtual_hosted ||
                        (store.addressing == config::addressing_style::automatic && !store.endpoint);
    const bool virtual_hosted = wanted && can_be_in_host(store.bucket, url);

    if (store.accelerate && !virtual_hosted) {
        throw std::invalid_argument("Transfer Acceleration needs a bucket whose name can be part of a host name");
    }

    s3_address address;
    address.region = region;
    address.base = url.path;
    if (virtual_hosted) {
        url.host = store.bucket + "." + url.host;
    } else {
        address.base += '/';
        append_percent_encoded(address.base, store.bucket, slash::encode);
    }
    address.tls = url.tls;
    address.port = url.port;
    address.authority = url.authority();
    address.host = std::move(url.host);
    return address;
}

std::string s3_path(const s3_address& address, std::string_view key) {
    std::string path;
    path.reserve(address.base.size() + 1 + key.size() + key.size() / 2);
    path += address.base;
    if (!key.empty() || path.empty()) {
        path += '/';
    }
    append_percent_encoded(path, key, slash::keep);
    return path;
}

} // namespace sluice::sign
