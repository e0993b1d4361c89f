#pragma once

#include <sluice/media/direct_answer.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/media/media_request.hpp>

/// Transfers past the cache that several clients share.
namespace sluice::media::detail {

/// Begins one for `answer`, to a request of `m`, which others find by what `about` says. The answer as it is where it
/// has no body, or there is no memory.
[[nodiscard]] direct_answer share_answer(fill_context& with, const media_request& m, origin::fetched answer,
                                         memory_stream::description about);

/// The same of an answer that is past the cache because of `why`.
[[nodiscard]] direct_answer share_answer(fill_context& with, const media_request& m, origin::fetched answer, errc why);

} // namespace sluice::media::detail
