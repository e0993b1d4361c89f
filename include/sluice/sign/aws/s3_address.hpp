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
/// Without an endpoint: `s3.<region>.amazonaws.com` over TLS, or the domain of the region's partition. Without a
/// region: `us-east-1`. Addressing `automatic` is virtual-hosted on AWS and path style with an endpoint of one's own.
/// As in the AWS SDKs a style is no order: path style it is too where the bucket cannot stand before the endpoint's
/// host name (an address as host, upper case, underscores, fewer than 3 characters, dots over TLS, which no wildcard
/// certificate covers). Transfer Acceleration is virtual-hosted whatever the style. The endpoint's own path is part of
/// what is sent and signed.
///
/// Throws `std::invalid_argument` without bucket, and for Transfer Acceleration with FIPS or a bucket that no host name
/// can hold.
[[nodiscard]] s3_address resolve_s3_address(const config::store& store);

/// The path of the object `key` as it is sent and signed: each byte of the key encoded once, "/" kept, nothing
/// normalised. An empty key is the bucket itself.
[[nodiscard]] std::string s3_path(const s3_address& address, std::string_view key);

} // namespace sluice::sign
