#pragma once

#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::proxy {

/// One request whose framing was checked, through its phases: check for a loop → route → (preflight) → authorize and
/// resolve → look up → deliver, or fill and deliver → or relay. The caller then records what `x` says of it.
///
/// Completes when the response was sent or failed; `x.keep_alive` tells whether another request may follow. Never
/// throws for anything a peer does. `with` and `x` must live until completion.
awaitable<void> handle_request(services& with, session::exchange& x);

} // namespace sluice::proxy
