#pragma once

#include <sluice/config/config.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace sluice::commands {

/// Whether `serve` could set up the stores of this configuration: their addresses, their keys, and the credentials
/// files that it or the environment names. Sends nothing. Prints a line to `err` for each store that is not usable; no
/// secret is in it.
[[nodiscard]] bool check_stores(const config::config& settings, std::ostream& err);

/// Local stores whose root cannot be opened now, a line each with the system's error, without a full stop. That is a
/// warning and no error, as the app may create the directory later: each request tries again.
[[nodiscard]] std::vector<std::string> unreadable_roots(const config::config& settings);

/// `sluice check --online`: reports for each store the identity that it is used with, until when, and whether that may
/// read; and for each route whether the app refuses its subrequest without credentials. Prints a line for each finding
/// to `out`, in the cloud's own words where it refused, never with a URL, a signature or a token. Blocks, bounded by
/// the time-outs. False where anything failed.
[[nodiscard]] bool check_online(const config::config& settings, std::ostream& out);

} // namespace sluice::commands
