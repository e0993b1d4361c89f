#pragma once

#include <sluice/config/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Where the objects of an S3 store are, and how their paths are written.
struct s3_address {
    bool tls{true};
    std::string host; ///< to connect to and to verify; no brackets, no port
    std::uint16_t port{443};
    std::string authority; ///< the Host field: port only where it is not the scheme's default
    std::string base;      ///< encoded path before "/" and the key: "" or "/bucket", after the endpoint's own path
    std::string region;    ///< to sign for
};

/// Settles endpoint, addressing style and region of a store of type s3, once, at start-up.
///
/// Without an endpoint: `s3.<region>.amazonaws.com` over TLS (`.amazonaws.com.cn` for regions `cn-…`). Addressing
/// `automatic` is virtual-hosted there, but path style with an endpoint of one's own and for buckets that no wildcard
/// certificate or host name fits (dots, upper case, underscores). With an endpoint, no region means `us-east-1`.
///
/// Throws `std::invalid_argument` without bucket, without region on AWS, and for virtual-hosted style on an IP address.
[[nodiscard]] s3_address resolve_s3_address(const config::store& store);

/// The path of the object `key` as it is sent and signed: each byte of the key encoded once, "/" kept, nothing
/// normalised. An empty key is the bucket itself.
[[nodiscard]] std::string s3_path(const s3_address& address, std::string_view key);

} // namespace sluice::sign
