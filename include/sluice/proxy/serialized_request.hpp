#pragma once

#include <sluice/media/media_route.hpp>
#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

#include <string_view>

namespace sluice::proxy {

/// Relays a GET that a preset's app serves from a file which each such request rewrites, one at a time once the app has
/// allowed it; a denied one as it is. `id`: of `preset::serialized_resource`.
awaitable<void> relay_serialized(services& with, session::exchange& x, const media::media_route& route,
                                 std::string_view id);

} // namespace sluice::proxy
