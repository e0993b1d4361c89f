#pragma once

#include <sluice/authorize/authorize.hpp>
#include <sluice/base/error.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/metrics/fallback_reason.hpp>
#include <sluice/proxy/media_step.hpp>
#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

#include <memory>
#include <string>
#include <string_view>

/// How a media request ends that is not served from here: with the app's response, or an error of ours. The coroutines
/// complete when that is sent; none of them throws for what a peer does. Their arguments must live until completion.
namespace sluice::proxy {

/// What keeps requests for the same object apart at the app (media::fallback_options), where they must not overlap; ""
/// where they may. `a` may be nullptr.
[[nodiscard]] std::string serial_key_of(const std::shared_ptr<const authorize::authorization>& a);

/// Ends a request that is not allowed anything that can be served, by `step`.
awaitable<void> end_unauthorized(services& with, session::exchange& x, const media::media_route& route,
                                 authorize::auth_result auth, auth_step step);

/// Relays a request for an object that cannot be served from here, by no fault of anybody: without Sluice the app would
/// respond too, so this is not bounded. `named`: what the app, or the request, named; for the log. `serial_key`: see
/// media::fallback_options.
awaitable<void> relay_unresolved(services& with, session::exchange& x, const media::media_route& route,
                                 metrics::fallback_reason why, std::string_view named, std::string serial_key);

/// Ends a request whose app has responded, with an object that lies in no configured store: by a 502, as nothing is
/// left to fall back to. `named`: what the app called it; for the log.
awaitable<void> send_not_ours(services& with, session::exchange& x, const media::media_route& route,
                              std::string_view named);

/// Ends a request whose delivery failed, by `step`.
awaitable<void> end_undelivered(services& with, media::media_request& m, error e, failure_step step);

} // namespace sluice::proxy
