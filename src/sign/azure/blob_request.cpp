#include "blob_request.hpp"

#include <sluice/identity/rfc3339.hpp>
#include <sluice/sign/azure/key_signer.hpp>

#include <algorithm>
#include <utility>

namespace sluice::sign::azure {

using time_point = std::chrono::system_clock::time_point;

error failed(std::string detail) {
    return {errc::sign_failed, error_source::internal, false, std::move(detail)};
}

result<signed_request> plain_request(const azure_address& address, std::string_view blob) {
    auto path = azure_path(address, blob);
    if (!path) {
        return path.error();
    }
    auto made = request_to(address);
    made.only_signed_extensions = false; // Azure signs no header fields
    made.target = *std::move(path);
    made.expires = time_point::max();
    return made;
}

result<signed_request> sas_request(const azure_address& address, std::string_view blob, const presign_options& options,
                                   const sas_terms& terms) {
    const std::chrono::seconds life = options.expires.value_or(terms.default_life);
    if (life < std::chrono::seconds(1) || life > max_sas_lifetime) {
        return failed("the URL's lifetime must be one second to a year");
    }
    if (terms.from > time_point::max() - life) {
        return failed("the URL would expire after the last time that the clock can hold");
    }
    auto made = plain_request(address, blob);
    if (!made) {
        return made;
    }
    const auto begin = std::chrono::floor<std::chrono::seconds>(terms.from);
    const time_point expires = std::min<time_point>(begin + life, terms.limit);
    const std::string expiry = identity::format_rfc3339(expires); // `YYYY-MM-DDTHH:MM:SSZ`, as Azure wants it
    const std::string resource = address.canonical + "/" + azure_blob_name(blob);
    azure_sas sas;
    sas.version = azure_version;
    sas.expiry = expiry;
    sas.canonical_resource = resource;
    sas.protocol = address.tls ? "https" : "https,http";
    sas.content_disposition = options.response_content_disposition;
    sas.content_type = options.response_content_type;
    sas.delegation = terms.delegation;
    made->target += "?" + azure_signed_query(sas, *terms.key);
    made->expires = expires;
    return made;
}

} // namespace sluice::sign::azure
