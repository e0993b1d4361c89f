#pragma once

#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>

#include <span>
#include <string>
#include <string_view>

/// Addresses, URLs and address blocks as the configuration writes them. Pure: nothing is resolved. Errors are
/// `errc::bad_config` with a detail that never holds the text itself.
namespace sluice::config {

/// A place to listen: `127.0.0.1:8080`, `[::1]:8080`. The address is numeric, the port 0 to 65535. IPv6 comes out
/// without brackets, in the form of RFC 5952.
[[nodiscard]] result<endpoint> parse_endpoint(std::string_view text);

/// An absolute `http` or `https` URL (RFC 3986) of a host and perhaps a port: no user, query, fragment or path beyond
/// `/`. The host is lower case, a registered name of letters, digits, `-`, `_` and `.`, or a literal address.
[[nodiscard]] result<url> parse_url(std::string_view text);

/// The same with a path: segments of unreserved characters (RFC 3986 §2.3), none of them empty, `.` or `..`. A `/` at
/// the end is dropped.
[[nodiscard]] result<url> parse_base_url(std::string_view text);

/// True where the host of `place` is a numeric address.
[[nodiscard]] bool is_numeric_host(const url& place);

/// True where a connection to `place` stays on this machine, as far as that shows without resolving: a loopback
/// address, or `localhost` itself.
[[nodiscard]] bool is_loopback(const url& place);

/// `10.0.0.0/8`, `fd00::/8`, or a bare address. Bits beyond the prefix must be zero: what was meant is unclear
/// otherwise.
[[nodiscard]] result<cidr_block> parse_cidr(std::string_view text);

/// True where both cannot be bound beside each other: the same port, not 0, and the same address or one of them every
/// address of the other's family. `[::]` counts as every IPv4 address too.
[[nodiscard]] bool collide(const endpoint& a, const endpoint& b);

/// True where a connection to `target` would arrive at a listener on `at`, as far as that shows without resolving:
/// literal addresses (IPv4 in IPv6 too) and `localhost`. `own`: the numeric addresses of this host, besides loopback;
/// what is sent to one of them arrives at a listener on every address.
[[nodiscard]] bool leads_to(const url& target, const endpoint& at, std::span<const std::string> own = {});

} // namespace sluice::config
