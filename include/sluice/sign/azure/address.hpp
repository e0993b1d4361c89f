#pragma once

#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>
#include <sluice/sign/bucket_address.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Where the blobs of a container are, and how their paths are written.
struct azure_address : store_endpoint {
    std::string base;      ///< encoded path before "/" and the blob: the endpoint's own path, then "/container"
    std::string canonical; ///< "/blob/<account>/<container>", decoded: what a SAS signs, whatever the endpoint is
};

/// Blob names: "must be at least one character long and cannot be more than 1,024 characters long".
inline constexpr std::size_t max_blob_name_length = 1024;

/// The blob service's endpoint of a store of type azure: the configured one, else
/// `https://<account>.blob.core.windows.net`. An endpoint on an IP address or localhost has the account as its path.
[[nodiscard]] config::url azure_endpoint(const config::store& store);

/// Settles the address, once, at start-up. Throws `std::invalid_argument` without a container, and without an account
/// unless the store is anonymous and has an endpoint.
[[nodiscard]] azure_address resolve_azure_address(const config::store& store);

/// A blob's name as the service reads it, which takes "\" for "/": in paths, and in what is signed.
[[nodiscard]] std::string azure_blob_name(std::string_view name);

/// The path of a blob as it is sent: `azure_blob_name`, each byte encoded once, "/" kept, nothing else normalised.
///
/// Errors: `errc::sign_failed` for names that no blob can have or that the service reads as another's
/// (learn.microsoft.com, "Naming and referencing containers, blobs, and metadata"): empty, longer than 1,024
/// characters, not UTF-8, with control characters, or with a segment "." or ".." (resolved before the name is looked
/// at).
[[nodiscard]] result<std::string> azure_path(const azure_address& address, std::string_view name);

} // namespace sluice::sign
