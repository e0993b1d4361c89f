#pragma once

#include <sluice/media/body_context.hpp>
#include <sluice/media/direct_answer.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/origin/fetch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The ways in which an object's bytes reach the client. Where one fails and the head was not sent, something else can
/// still answer; after the head the connection is to be cut.
namespace sluice::media {

/// The parts of one worker's media path, of which each function takes what it needs. Lives as long as the worker.
struct worker_parts {
    fill_context fills;
    lookup_context lookups;
    body_context bodies;
};

/// Delivers what the client asks for by the way that route and store call for: a redirect, a local file, or look-up and
/// cache, and past the cache where that cannot take the bytes. Errors: those of the ways below.
awaitable<result<void>> deliver_object(worker_parts& with, media_request& m);

/// Sends what the client asks for of a cached version, filling what is missing on the way; never a byte of another
/// version. The keepalive readers of a new one are let go once its first readers have come.
awaitable<result<void>> deliver_cached(fill_context& fills, body_context bodies, media_request& m,
                                       cached_version found);

/// What a direct delivery needs.
struct direct_context {
    fill_context& fills;
    body_context bodies;
};

/// Sends it straight from the origin, past the cache: from `have` where that answer covers what is wanted, else from
/// another's transfer or a request of its own. `why` is named in Cache-Status.
awaitable<result<void>> deliver_direct(direct_context with, media_request& m, std::optional<direct_answer> have,
                                       errc why);

/// Sends `wanted` of that version straight from the origin, into a response whose head was sent. `before`: what
/// goes out before it; emptied.
awaitable<result<void>> continue_direct(direct_context with, media_request& m, http::byte_range wanted,
                                        const cache::object_info& version, std::string& before);

/// Sends a file of a local store from its own descriptor. Where it was written to meanwhile the response is cut before
/// its last byte, or, where its head was not sent yet, begun again.
awaitable<result<void>> deliver_local(body_context with, media_request& m);

} // namespace sluice::media
