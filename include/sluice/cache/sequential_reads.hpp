#pragma once

#include <sluice/base/asio.hpp>

#include <array>
#include <cstdint>
#include <optional>

/// Requests for ranges of one object that follow each other, as players and libraries send them. Pure.
namespace sluice::cache {

/// A run of requests, each of which began where the one before had ended, or shortly behind.
struct sequence {
    std::uint64_t next{0};             ///< one past the last byte that was sent
    std::uint64_t bytes{0};            ///< sent in all
    std::uint64_t last_length{0};      ///< bytes of the latest request
    std::uint64_t skipped{0};          ///< bytes between its requests
    unsigned requests{0};              ///< that were sent whole
    steady_clock::time_point began{};  ///< when its first request came
    steady_clock::time_point latest{}; ///< when its latest request was sent whole
};

/// The sequences of one object, the latest few of them. Not thread-safe.
class sequential_reads {
public:
    /// What may lie between two requests that follow each other.
    static constexpr std::uint64_t max_gap = 128 * 1024;
    /// How many sequences are known at once: more than the connections that download tools open.
    static constexpr std::size_t max_sequences = 16;

    /// The sequence that a request for bytes from `first` on goes on with. Nullopt where there is none.
    [[nodiscard]] std::optional<sequence> preceding(std::uint64_t first) const noexcept;

    /// The request for [first, last], which came at `began`, was sent whole by `now`: goes on with its sequence, or
    /// begins one in the place of the oldest. A request that was sent in part says nothing, since its client has gone.
    void sent(std::uint64_t first, std::uint64_t last, steady_clock::time_point began,
              steady_clock::time_point now) noexcept;

private:
    std::array<sequence, max_sequences> sequences_{};
};

/// What decides how far is read ahead of a sequence, besides what it was like so far.
struct ahead_limits {
    std::uint64_t read_ahead;          ///< `cache.read_ahead`
    std::uint64_t block_size;          ///< `cache.block_size`
    steady_clock::duration first_byte; ///< of the store
};

/// One past the last byte that should be fetched when the request for [first, last] comes after `before`; `last + 1`:
/// only what is asked for, as after fewer than two.
///
/// Ahead of it lie as many bytes as the next request will have, and as many as the client takes while the store answers
/// twice; but never more than a quarter of what was sent so far, or all of it up to one block, or the last request, so
/// that what is fetched for nobody in the end is a small part of all; and then to the end of the block, where that is
/// not as much again. Of what is read ahead of one that
/// leaves out a sixteenth or more some is never asked for: no more than a few of its requests lie ahead of it.
[[nodiscard]] std::uint64_t read_to(const std::optional<sequence>& before, std::uint64_t first, std::uint64_t last,
                                    steady_clock::time_point now, const ahead_limits& limits) noexcept;

} // namespace sluice::cache
