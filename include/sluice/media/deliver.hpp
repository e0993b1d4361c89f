#pragma once

#include <sluice/media/media_request.hpp>
#include <sluice/origin/fetch.hpp>
#include <sluice/origin/local.hpp>

namespace sluice::media {

/// How a delivery ended. Where `failure` stands and the head was not sent, something else can still answer.
struct delivered {
    std::optional<error> failure{};
};

/// Sends what the client asks for of a cached version, filling what is missing on the way; never a byte of another
/// version. After the head a failure cuts the connection. `hold`: the stand-in of a new version's first reader; let go
/// once that has come.
awaitable<delivered> deliver_cached(media_request& m, std::shared_ptr<cache::object> o,
                                    std::unique_ptr<cache::reader> hold);

/// Sends it straight from the origin, past the cache: from `have` where that answer covers what is wanted, else from a
/// request of its own. `why` is named in Cache-Status.
awaitable<delivered> deliver_direct(media_request& m, std::optional<origin::fetched> have, errc why);

/// Sends `wanted` of that version straight from the origin, into a response whose head was sent. `before`: what
/// goes out before it; emptied.
awaitable<result<void>> continue_direct(media_request& m, http::byte_range wanted, const cache::object_info& version,
                                        std::string& before);

/// Sends a file of a local store from its own descriptor. Where it was written to meanwhile the response is cut before
/// its last byte, or, where its head was not sent yet, begun again.
awaitable<delivered> deliver_local(media_request& m);

} // namespace sluice::media
