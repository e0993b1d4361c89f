#pragma once

#include "delivery_progress.hpp"

namespace sluice::media::detail {

/// Sends the client the rest of the page at `d.position`, as far as it wants that, straight from the origin: a running
/// fill will bring the page, but far too late. Has the pages behind it, up to `s.last`, fetched at the same time. Moves
/// `d.position` on by what was sent, which is nothing or less where the origin fails: then the fill is waited for.
/// Errors: the client's.
awaitable<result<void>> send_rest_of_page(delivery_progress& d, const cache::span& s);

} // namespace sluice::media::detail
