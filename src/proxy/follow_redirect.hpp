#pragma once

#include <sluice/media/media_route.hpp>
#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::proxy {

/// A media request of a route with `follow`: the object that the app's redirect names, by a kept decision or by asking;
/// every other response of the app as it came, and so its redirect where it is not believed, or the store cannot give
/// the object. Completes when that is sent; throws nothing for what a peer does. The arguments must live until
/// completion.
awaitable<void> follow_redirect(services& with, session::exchange& x, const media::media_route& route);

} // namespace sluice::proxy
