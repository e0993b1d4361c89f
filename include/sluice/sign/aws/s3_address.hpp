#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/bucket_address.hpp>

namespace sluice::sign {

/// Settles endpoint, addressing style and region of a store of type s3, once, at start-up.
///
/// Without an endpoint: `s3.<region>.amazonaws.com` over TLS, or the domain of the region's partition. Without a
/// region: `us-east-1`. Addressing `automatic` is virtual-hosted on AWS, and path style with a configured endpoint. As
/// in the AWS SDKs the style is a preference: it is path style too where the bucket cannot precede the endpoint's host
/// name (an IP address as host, upper case, underscores, fewer than 3 characters, dots over TLS, which no wildcard
/// certificate covers). Transfer Acceleration is always virtual-hosted. The endpoint's own path is part of what is sent
/// and signed.
///
/// Throws `std::invalid_argument` without a bucket, and for Transfer Acceleration with FIPS or with a bucket that does
/// not fit into a host name.
[[nodiscard]] bucket_address resolve_s3_address(const config::store& store);

} // namespace sluice::sign
