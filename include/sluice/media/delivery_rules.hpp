#pragma once

#include <sluice/base/error.hpp>
#include <sluice/cache/object.hpp>
#include <sluice/http/range.hpp>
#include <sluice/media/plan.hpp>
#include <sluice/media/requested_ranges.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/origin/fetch.hpp>

#include <cstdint>
#include <optional>
#include <span>

/// The decisions of a delivery. Pure.
namespace sluice::media {

/// How much of all parts of a response is in the cache.
[[nodiscard]] cache::object::coverage combine(std::span<const cache::object::coverage> parts) noexcept;

/// The outcome of a response whose bytes were so far in the cache when the request came.
[[nodiscard]] metrics::outcome outcome_of(cache::object::coverage c) noexcept;

/// How many of the bytes [first, last] lie in `runs`, which are sorted and do not overlap.
[[nodiscard]] std::uint64_t bytes_within(std::span<const cache::object::run> runs, std::uint64_t first,
                                         std::uint64_t last) noexcept;

/// What is done after an attempt to deliver an object.
enum class next_attempt : std::uint8_t {
    none,         ///< it is delivered, or nothing more can be done here
    bypass_cache, ///< the origin can still give what the cache cannot take
    look_up_again ///< the version changed before the first byte: once more, with the one that is there now
};

/// `head_sent`: the response has begun, so that no other can take its place.
[[nodiscard]] next_attempt after_attempt(const result<void>& sent, bool head_sent) noexcept;

/// Whether another fill may be begun for a response, which has begun `restarts` since bytes were last sent: after
/// the head not without end, against a store that breaks each.
[[nodiscard]] bool may_restart(bool head_sent, int restarts) noexcept;

/// Whether a response that failed with `code` can go on with bytes straight from the origin: the cache is what is in
/// the way, and there are bytes to come. `position`: the next one; `last`: of what is sent.
[[nodiscard]] bool may_continue_direct(errc code, bool head_sent, std::uint64_t position, std::uint64_t last) noexcept;

/// What a direct delivery does with the origin's answer in hand.
struct direct_step {
    bool send{false};                        ///< the answer covers what is planned; else ask anew, for `range`
    std::optional<http::range_spec> range{}; ///< none: for the whole
};

/// `asked`: the range that the answer is to; `conditional`: whether the client's request has conditions. A 416 has no
/// validators: what conditions mean is known from a whole answer alone.
[[nodiscard]] direct_step direct_step_for(const origin::object_head& answer, const plan& p, bool conditional,
                                          const std::optional<http::range_spec>& asked) noexcept;

/// Whether a 416 is about an empty object whose whole was asked for in the end: its answer is a 200 without a byte.
[[nodiscard]] bool is_empty_whole(const origin::object_head& answer, const plan& p) noexcept;

/// How the bytes of a file are sent that others may write to meanwhile.
enum class file_method : std::uint8_t {
    none,       ///< there is no body
    encoded,    ///< through an encoder, piece by piece
    at_once,    ///< all of it in one write from memory
    copied,     ///< piece by piece from memory
    by_sendfile ///< the file's own pages, but its end from memory
};

/// `body_size`: bytes of the file; `copy`: the store's setting.
[[nodiscard]] file_method file_method_for(bool has_body, bool is_encoded, std::uint64_t body_size, bool copy) noexcept;

/// The end of a file's response that is sent from memory. Bodies of no more than that have no other part.
inline constexpr std::uint64_t file_end_size = 64 * 1024;

} // namespace sluice::media
