#pragma once

#include <sluice/proxy/invalidation.hpp>
#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::proxy {

/// Relays an unsafe request, which names `what`. Before the app's response is passed on, or the lack of one, drops the
/// decisions about what it changed, and has the cached objects revalidated once, or purges them (invalidation.hpp).
/// What the response points at on this host (location.hpp) has changed too.
///
/// Where any of that is known beforehand, the response is waited for even where the client has gone, for
/// `limits.send_timeout`. A request that did not reach the app completely changes nothing; one whose response never
/// came may have changed something. The arguments must live until completion.
awaitable<void> relay_unsafe(services& with, session::exchange& x, const named_resources& what);

} // namespace sluice::proxy
