#pragma once

#include <sluice/media/direct_answer.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/media/lookup_rules.hpp>
#include <sluice/media/media_request.hpp>

#include <optional>

/// Questions to the origin past the cache. All who ask the same at once share the answer where there is memory for it;
/// nobody asks again because of the others.
namespace sluice::media::detail {

/// Any version, past the cache because of `why`: another's transfer that brings what `m` wants where that is sooner,
/// else an answer to a request for `range` (nullopt: for the whole), which need not cover that.
awaitable<result<direct_answer>> ask_for_any(fill_context& with, media_request& m,
                                             std::optional<http::range_spec> range, errc why);

/// `bytes` of that version alone, which it must name; its answer covers them.
awaitable<result<direct_answer>> ask_for_version(fill_context& with, media_request& m, known_version version,
                                                 http::byte_range bytes, errc why);

/// The same, of `bytes` inside one page which a running fill will bring as well: once, and no longer than until
/// `give_up`. Who asks for the same while they come joins.
awaitable<result<direct_answer>> ask_beside_fill(fill_context& with, media_request& m, known_version version,
                                                 http::byte_range bytes, steady_clock::time_point give_up);

} // namespace sluice::media::detail
