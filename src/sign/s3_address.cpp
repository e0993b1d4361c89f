#include <sluice/sign/canonical.hpp>
#include <sluice/sign/s3_address.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <stdexcept>

namespace sluice::sign {

namespace {

bool is_ip(const std::string& host) {
    boost::system::error_code ec;
    boost::asio::ip::make_address(host, ec);
    return !ec;
}

// Whether `bucket` is one label of a host name that the certificate `*.s3.<region>.amazonaws.com` covers. S3 User
// Guide, "Bucket naming rules": "If you include dots in a bucket's name, you can't use virtual-host-style addressing
// over HTTPS"; old buckets of us-east-1 may have upper case and underscores, which host names do not.
bool is_host_label(std::string_view bucket) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return bucket.size() <= 63 && plain(bucket.front()) && plain(bucket.back()) &&
           std::all_of(bucket.begin(), bucket.end(), [&](char c) { return plain(c) || c == '-'; });
}

// AWS General Reference, "Amazon S3 endpoints": s3[-fips][.dualstack].<region>; S3 User Guide, "Transfer Acceleration":
// s3-accelerate[.dualstack], without a region, and only with the bucket in the host name.
config::url aws_endpoint(const config::store& store) {
    if (store.region.empty()) {
        throw std::invalid_argument("an S3 store without endpoint needs a region");
    }
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
        url.host += "." + store.region;
    }
    // IAM User Guide, partitions: aws and aws-us-gov share a suffix, aws-cn has its own.
    url.host += store.region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    return url;
}

} // namespace

s3_address resolve_s3_address(const config::store& store) {
    if (store.bucket.empty()) {
        throw std::invalid_argument("an S3 store needs a bucket");
    }
    config::url url = store.endpoint ? *store.endpoint : aws_endpoint(store);

    bool virtual_hosted = store.addressing == config::addressing_style::virtual_hosted;
    if (store.addressing == config::addressing_style::automatic) {
        virtual_hosted = !store.endpoint && is_host_label(store.bucket);
    } else if (virtual_hosted && is_ip(url.host)) {
        throw std::invalid_argument("virtual-hosted addressing needs a host name, not an IP address");
    }

    if (store.accelerate && !virtual_hosted) {
        throw std::invalid_argument("Transfer Acceleration needs a bucket whose name can be part of a host name");
    }

    s3_address address;
    address.region = store.region.empty() ? "us-east-1" : store.region;
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
