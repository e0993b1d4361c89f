#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/signer.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Where requests to a store go. What AWS and Google share; Azure has the endpoint alone.
namespace sluice::sign {

/// The server of a store.
struct store_endpoint {
    bool tls{true};
    std::string host; ///< to connect to and to verify; no brackets, no port
    std::uint16_t port{443};
    std::string authority; ///< the Host field: port only where it is not the scheme's default
};

/// The server at `url`, whose path is not part of it.
[[nodiscard]] store_endpoint endpoint_at(const config::url& url);

/// A request to `endpoint` that has no target yet.
[[nodiscard]] signed_request request_to(const store_endpoint& endpoint);

/// Where the objects of a bucket are, and how their paths are written, in the APIs that address objects as S3 does.
struct bucket_address : store_endpoint {
    std::string base;   ///< encoded path before "/" and the key: "" or "/bucket", after the endpoint's own path
    std::string region; ///< to sign for
};

/// Whether the bucket can precede the host name of `endpoint`, by the rules of the AWS SDKs: "If you include dots in a
/// bucket's name, you can't use virtual-host-style addressing over HTTPS", since a wildcard certificate covers one
/// label (RFC 9525 §6.3); and nothing can precede an IP address.
[[nodiscard]] bool fits_in_host(const std::string& bucket, const config::url& endpoint);

/// The address of `bucket` at `endpoint`: virtual-hosted, or in path style.
[[nodiscard]] bucket_address address_of(config::url endpoint, const std::string& bucket, std::string region,
                                        bool virtual_hosted);

/// Appends to `places` where URLs of a bucket's objects begin at `endpoint`: with the bucket in the path, and before
/// the host where it can be there in any scheme. Paths are decoded.
void append_url_places(std::vector<config::url>& places, const config::url& endpoint, const std::string& bucket);

/// The path of the object `key` as it is sent and signed: each byte of the key encoded once, "/" kept, nothing
/// normalised. An empty key is the bucket itself.
[[nodiscard]] std::string object_path(const bucket_address& address, std::string_view key);

} // namespace sluice::sign
