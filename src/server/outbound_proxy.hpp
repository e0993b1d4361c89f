#pragma once

#include <sluice/config/config.hpp>
#include <sluice/net/proxy.hpp>

#include <memory>

namespace sluice::server {

/// The proxy to the stores that the environment names (HTTPS_PROXY, NO_PROXY), as it is at the start; null where it
/// names none. Throws `std::invalid_argument` for one that cannot be used.
///
/// Error, instead of throwing: the same where a store comes from an app's own variables (a preset). What is wrong with
/// those must not keep the app from being reached.
[[nodiscard]] result<std::shared_ptr<const net::proxy_settings>> outbound_proxy(const config::config& c);

} // namespace sluice::server
