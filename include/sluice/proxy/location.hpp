#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Which of an app's own resources its response to an unsafe request points at. Pure.
namespace sluice::proxy {

/// The target, in origin form, that `location`, the value of a `Location` or `Content-Location` field (a URI reference,
/// RFC 9110 §10.2.2), names on the host of the request for `target`; nullopt where it names another host, or is no
/// HTTP(S) URI. `hosts`: what the request called its host, as in its `Host` field; "" counts as none. Ports are
/// compared but for the default ones, which are equal: TLS may end before Sluice.
[[nodiscard]] std::optional<std::string> own_target(std::string_view location, std::span<const std::string_view> hosts,
                                                    std::string_view target);

} // namespace sluice::proxy
