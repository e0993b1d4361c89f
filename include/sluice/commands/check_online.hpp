#pragma once

#include <sluice/config/config.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace sluice::commands {

/// Whether `serve` could make its stores of this configuration: addresses, keys, and the credentials files that it or
/// the environment names. Asks nobody. Prints a line for each that could not be to `err`, without a secret.
[[nodiscard]] bool check_stores(const config::config& settings, std::ostream& err);

/// Local stores whose root cannot be opened now, a line each with what the system says: no fault, since the app may
/// make it later (each request tries again), but worth a warning of `serve` and `check`. Without a full stop.
[[nodiscard]] std::vector<std::string> unreadable_roots(const config::config& settings);

/// `sluice check --online`: asks each store which identity it is used with, until when, and whether that may read, and
/// each route's app whether it refuses its subrequest to somebody without credentials. Prints a line for each finding
/// to `out`: in the cloud's own words where it refused, never with a URL, a signature or a token. Blocks; bounded by
/// the time-outs. False where anything failed.
[[nodiscard]] bool check_online(const config::config& settings, std::ostream& out);

} // namespace sluice::commands
