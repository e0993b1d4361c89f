#pragma once

#include <sluice/http/head.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which hosts a request is for. Pure.
namespace sluice::proxy {

/// Who the peer is that a request came from.
enum class peer_trust : std::uint8_t { untrusted, trusted_proxy };

/// The hosts by which the app may know a request: lower case, without port and a dot at the end.
struct request_hosts {
    std::string host{}; ///< of the Host field; "" where it is none
    /// What a trusted proxy forwards: X-Forwarded-Host, X-Original-Host, X-Host, and `host` of Forwarded. "" stands for
    /// one that cannot be told, such as a list.
    std::vector<std::string> forwarded{};
};

/// `fields`: of the request.
[[nodiscard]] request_hosts hosts_of(const http::field_list& fields, peer_trust peer);

/// Of an exchange.
[[nodiscard]] request_hosts hosts_of(const session::exchange& x);

/// Whether a route with these `hosts` takes the request; `others`: the hosts of all routes.
///
/// All that a trusted proxy forwards must be among them, since we cannot know by which of these the app tells its
/// tenants apart. Where it forwards none, and from all other peers, the Host field must be. Where it does, the Host
/// field may be the name by which the proxy knows us, but not one of another route's.
[[nodiscard]] bool takes_hosts(const std::vector<std::string>& hosts, const request_hosts& came,
                               const std::vector<std::string>& others);

} // namespace sluice::proxy
