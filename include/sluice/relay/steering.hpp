#pragma once

#include <string_view>

/// Request fields that make some app answer another question than the one that its request line asks. Pure.
///
/// A plain relay passes them, as nginx does: the app's answer is then to whatever it was asked. A request by which
/// Sluice asks for leave must not carry them: the answer would be about what the caller chose, the bytes about what the
/// route says. In both lists `_` counts as `-`, as CGI-like apps cannot tell the two apart.
namespace sluice::relay {

/// True for a field that names another target, another method, or what part of the path is the app's own, and for one
/// that has a framework skip its checks. No request for leave carries it, whoever sends it.
[[nodiscard]] bool is_steering_name(std::string_view name) noexcept;

/// True for what reverse proxies say of the target, host and files that they see: believed from `trusted_proxies`, left
/// out of requests for leave from all others.
[[nodiscard]] bool is_proxy_told_name(std::string_view name) noexcept;

} // namespace sluice::relay
