#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/bucket_address.hpp>

#include <vector>

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

/// Where http(s) URLs of the store's objects begin (see `append_url_places`). At AWS itself: with every host of S3 that
/// serves the store's region (regional, dual-stack, FIPS, of before 2019, accelerated, and the global one), since a
/// bucket's name is the same bucket at all of them.
[[nodiscard]] std::vector<config::url> s3_url_places(const config::store& store);

} // namespace sluice::sign
