#pragma once

#include <sluice/net/connection.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::relay {

/// Carries bytes both ways between the client and the app, after 101 was passed on with all that the app sent behind
/// it. What is left in the client's buffer goes first.
///
/// Where one side ends its direction, that end is passed on, and the other direction goes on.
/// Completes when both directions have ended, a side is lost or closed (which is how a drain ends it), or nothing moved
/// for `limits.tunnel_timeout`. Both connections are closed then. `x.bytes.app` counts what the client got.
awaitable<void> tunnel(session::exchange& x, net::connection& app);

} // namespace sluice::relay
