#pragma once

#include <sluice/config/config.hpp>

#include <memory>

namespace sluice::server {

/// Runs the proxy with this configuration until SIGTERM or SIGINT, then drains: `/readyz` fails at once, listening ends
/// after `limits.shutdown_delay`, requests in hand have `limits.drain_timeout` to finish.
///
/// Returns the process's exit code. Throws at start-up where something cannot be set up (an address in use).
int serve(std::shared_ptr<const config::config> settings);

} // namespace sluice::server
