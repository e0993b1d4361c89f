#pragma once

#include <sluice/media/fill.hpp>
#include <sluice/media/lookup_rules.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/memory_streams.hpp>

#include <memory>
#include <string>

/// Following a transfer past the cache that another client began.
namespace sluice::media::detail {

/// One that brings what `m` wants (of several ranges: the whole), where joining it is sooner than asking; else nullptr.
/// What its answer says must be as new as what the store would be asked for: it came since the request did, or is
/// younger than `max_age`, no write has changed the object since, and no later answer was of another version. Where
/// that tells that `m` gets no body, nothing is wanted of it.
[[nodiscard]] std::unique_ptr<memory_follower> join_stream(fill_context& with, const media_request& m);

/// One that is called `name` and brings `bytes` of that version.
[[nodiscard]] std::unique_ptr<memory_follower> join_stream_of(fill_context& with, const media_request& m,
                                                              const std::string& name, const known_version& version,
                                                              const http::byte_range& bytes);

} // namespace sluice::media::detail
