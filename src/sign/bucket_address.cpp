#include <sluice/sign/bucket_address.hpp>
#include <sluice/sign/canonical.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <utility>

namespace sluice::sign {

namespace {

bool is_ip(const std::string& host) {
    boost::system::error_code ec;
    boost::asio::ip::make_address(host, ec);
    return !ec;
}

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// One label of a host name. Buckets are such (S3 User Guide, "Bucket naming rules"), but old ones in us-east-1 may have
// upper case and underscores.
bool is_host_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && is_lower_alnum(text.front()) && is_lower_alnum(text.back()) &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
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

} // namespace

store_endpoint endpoint_at(const config::url& url) {
    return {url.tls, url.host, url.port, url.authority()};
}

signed_request request_to(const store_endpoint& endpoint) {
    signed_request made;
    made.tls = endpoint.tls;
    made.host = endpoint.host;
    made.port = endpoint.port;
    made.authority = endpoint.authority;
    return made;
}

bool fits_in_host(const std::string& bucket, const config::url& endpoint) {
    if (bucket.size() < 3 || is_ip(endpoint.host) || is_ip(bucket)) {
        return false;
    }
    return endpoint.tls ? is_host_label(bucket) : are_host_labels(bucket);
}

bucket_address address_of(config::url endpoint, const std::string& bucket, std::string region, bool virtual_hosted) {
    if (virtual_hosted) {
        endpoint.host = bucket + "." + endpoint.host;
    }
    bucket_address address{endpoint_at(endpoint), std::move(endpoint.path), std::move(region)};
    if (!virtual_hosted) {
        address.base += '/';
        append_percent_encoded(address.base, bucket, slash::encode);
    }
    return address;
}

void append_url_places(std::vector<config::url>& places, const config::url& endpoint, const std::string& bucket) {
    config::url place = endpoint;
    place.path += "/" + bucket;
    places.push_back(place);
    place = endpoint;
    place.tls = false; // a certificate matters to who connects, not to what a URL means
    if (fits_in_host(bucket, place)) {
        place.tls = endpoint.tls;
        place.host = bucket + "." + endpoint.host;
        places.push_back(place);
    }
}

std::string object_path(const bucket_address& address, std::string_view key) {
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
