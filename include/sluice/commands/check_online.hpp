#pragma once

#include <sluice/config/config.hpp>

#include <ostream>

namespace sluice::commands {

/// Whether `serve` could make its stores of this configuration: addresses, keys, and the credentials files that it or
/// the environment names. Asks nobody. Prints a line for each that could not be to `err`, without a secret.
[[nodiscard]] bool check_stores(const config::config& settings, std::ostream& err);

/// `sluice check --online`: asks each store which identity it is used with, until when, and whether that may read, and
/// each route's app whether it refuses its subrequest to somebody without credentials. Prints a line for each finding
/// to `out`: in the cloud's own words where it refused, never with a URL, a signature or a token. Blocks; bounded by
/// the time-outs. False where anything failed.
[[nodiscard]] bool check_online(const config::config& settings, std::ostream& out);

} // namespace sluice::commands
