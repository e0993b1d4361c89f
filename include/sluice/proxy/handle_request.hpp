#pragma once

#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::proxy {

/// The way of one request whose framing was checked: route → leave → look up → deliver, or the app.
///
/// Completes when the response was sent or failed; `x.keep_alive` tells whether another request may follow. Never
/// throws for anything a peer does.
awaitable<void> handle_request(services& with, session::exchange& x);

} // namespace sluice::proxy
