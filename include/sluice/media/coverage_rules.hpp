#pragma once

#include <sluice/cache/object.hpp>
#include <sluice/metrics/metrics.hpp>

#include <cstdint>
#include <span>

/// How much of a response was in the cache, as its outcome and its byte counts say it. Pure.
namespace sluice::media {

/// How much of all parts of a response is in the cache.
[[nodiscard]] cache::object::coverage combine(std::span<const cache::object::coverage> parts) noexcept;

/// The outcome of a response whose bytes were so far in the cache when the request came.
[[nodiscard]] metrics::outcome outcome_of(cache::object::coverage c) noexcept;

/// How many of the bytes [first, last] lie in `runs`, which are sorted and do not overlap.
[[nodiscard]] std::uint64_t bytes_within(std::span<const cache::object::run> runs, std::uint64_t first,
                                         std::uint64_t last) noexcept;

} // namespace sluice::media
