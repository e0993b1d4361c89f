#pragma once

#include <sluice/media/fallback.hpp>

#include <string_view>

/// What an operator is told once of media that cannot be served from here.
namespace sluice::media {

/// Warns, once a reason and store, that the route's media are left to the app. `named`: what the app, or the request,
/// named; its query and what follows the 256th byte are left out.
void warn_left_to_app(fallback_state& state, const media_route& route, std::string_view reason, std::string_view named);

/// Likewise that the app's response names an object that lies in no configured store, so that the client got an error.
void warn_object_not_ours(fallback_state& state, const media_route& route, std::string_view reason,
                          std::string_view named);

/// Likewise, once a route and reason, that the app's redirect to `url` was passed on, though it may well be one that
/// the operator wants followed. `url` is logged without user information and query.
void warn_not_followed(fallback_state& state, const media_route& route, std::string_view reason, std::string_view url);

} // namespace sluice::media
