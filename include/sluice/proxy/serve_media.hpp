#pragma once

#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

#include <vector>

namespace sluice::proxy {

/// Answers a GET or HEAD that took a media route: leave first, then the object through the cache; whatever fails before
/// the first byte is left to the app. Never throws.
awaitable<void> serve_media(services& with, session::exchange& x, const media::media_route& route,
                            const std::vector<media::capture>& captures);

/// The same for a route with `object_header`: the app answers first, and where it names an object, that is sent with
/// the fields of the app's answer. Trouble with the store has no other way out then: 404 or 502.
awaitable<void> serve_named(services& with, session::exchange& x, const media::media_route& route);

/// Relays a GET for a file of a preset's app that is not served from here (`app_copy.hpp`), in its turn once the app
/// has granted it; a refused one as it is. `id`: the file's.
awaitable<void> relay_app_copy(services& with, session::exchange& x, const media::media_route& route,
                               std::string_view id);

} // namespace sluice::proxy
