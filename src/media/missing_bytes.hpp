#pragma once

#include <sluice/session/disconnect_watch.hpp>

#include "delivery_progress.hpp"

#include <memory>
#include <optional>

/// What a delivery does about bytes that cannot be read from the cache yet.
namespace sluice::media::detail {

/// Brings the bytes at `s`, which `r` was told cannot be read yet, a step nearer: has them verified or fetched, waits
/// for the fill that comes to them, or sends some of them past it. Afterwards `r` is to be asked again. `watch`: made
/// when first needed, since a hit never waits; as all others, to live until completion. Errors: `connection_lost` where
/// the client leaves, `timeout` where the time for a first byte is over, those of fills.
awaitable<result<void>> obtain(delivery_progress& d, cache::reader& r, const cache::span& s,
                               const std::shared_ptr<cache::file>& data, slow_reader_guard& slow,
                               std::optional<session::disconnect_watch>& watch);

} // namespace sluice::media::detail
