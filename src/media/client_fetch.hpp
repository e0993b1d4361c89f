#pragma once

#include <sluice/media/media_request.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/origin/fetch.hpp>

#include <optional>

/// Requests to the origin for what one client wants to know or have. Those of fills of the cache are of fill.hpp.
namespace sluice::media::detail {

/// A request for `range` of the client's object (nullopt: for the whole), or for its head alone, where the client wants
/// no more. Views into `m`.
[[nodiscard]] origin::fetch_request request_for_client(const media_request& m, std::optional<http::range_spec> range);

/// `origin::fetch`, whose time and status it notes in `m`. A HEAD that the store refuses is repeated as a GET of the
/// first byte, which tells the same: there are stores that allow GET alone. The arguments must live until completion.
/// Errors: those of `origin::fetch`.
awaitable<result<origin::fetched>> fetch_for_client(net::connection_pool& pool, media_request& m,
                                                    origin::fetch_request request);

/// What a response of a store that came just now says of the object; views into it.
[[nodiscard]] representation representation_of(const origin::object_head& h);

} // namespace sluice::media::detail
