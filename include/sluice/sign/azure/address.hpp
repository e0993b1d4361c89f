#pragma once

#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Where the blobs of a container are, and how their paths are written.
struct azure_address {
    bool tls{true};
    std::string host; ///< to connect to and to verify; no brackets, no port
    std::uint16_t port{443};
    std::string authority; ///< the Host field: port only where it is not the scheme's default
    std::string base;      ///< encoded path before "/" and the blob: the endpoint's own path, then "/container"
    std::string canonical; ///< "/blob/<account>/<container>", decoded: what SAS sign, whatever the endpoint is
};

/// Blob names: "must be at least one character long and cannot be more than 1,024 characters long".
inline constexpr std::size_t longest_blob_name = 1024;

/// The blob service's endpoint of a store of type azure: the configured one, else
/// `https://<account>.blob.core.windows.net`. An endpoint on an IP address or localhost has the account as its path.
[[nodiscard]] config::url azure_endpoint(const config::store& store);

/// Settles the address, once, at start-up. Throws `std::invalid_argument` without container, and without account unless
/// the store is anonymous and has an endpoint.
[[nodiscard]] azure_address resolve_azure_address(const config::store& store);

/// A blob's name as the service has it, which takes "\" for "/": in paths, and in what is signed.
[[nodiscard]] std::string azure_blob_name(std::string_view name);

/// The path of a blob as it is sent: `azure_blob_name`, each byte encoded once, "/" kept, nothing else normalised.
///
/// Errors: `errc::sign_failed` for names that no blob has or that the service reads as another's (learn.microsoft.com,
/// "Naming and referencing containers, blobs, and metadata"): empty, longer than 1,024 characters, not UTF-8, with
/// control characters, or with a segment "." or ".." (resolved before the name is looked at).
[[nodiscard]] result<std::string> azure_path(const azure_address& address, std::string_view name);

} // namespace sluice::sign
