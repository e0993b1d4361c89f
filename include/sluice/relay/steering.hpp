#pragma once

#include <string_view>

/// Request fields that steer some app to another resource than its request line names. Pure.
///
/// A plain relay passes them, as nginx does: the app's response is then about whatever it was asked. A subrequest must
/// not carry them: the decision would be about what the caller chose, and the bytes about what the route says. In both
/// lists `_` counts as `-`, as CGI-like apps cannot tell the two apart.
namespace sluice::relay {

/// True for a field that names another target, another method, or the part of the path that is the app's own, and for
/// one that makes a framework skip its checks. No subrequest carries it, whoever sends it.
[[nodiscard]] bool is_steering_name(std::string_view name) noexcept;

/// True for what reverse proxies say of the target, host and files that they see: believed from `trusted_proxies`, left
/// out of subrequests from all others.
[[nodiscard]] bool is_proxy_supplied_name(std::string_view name) noexcept;

} // namespace sluice::relay
