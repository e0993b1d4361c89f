#pragma once

#include <sluice/media/fetch_window.hpp>
#include <sluice/media/fill.hpp>

#include "../../cache/helpers.hpp"
#include "store_model.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::media::simulation {

/// What was done for all readers.
struct tally {
    std::uint64_t take_overs{0};
    std::uint64_t overlap_bytes{0};   ///< read of the store although another fill had taken their pages over
    std::uint64_t discarded_bytes{0}; ///< that lay in the sockets when a fill ended
    std::uint64_t published_bytes{0};
    std::uint64_t broken_fills{0};   ///< ended although somebody wanted the rest
    std::uint64_t unwanted_fills{0}; ///< ended since nobody wanted the rest
};

/// One object of a store, its pages in the cache (the real ones, without a disk), the fills and readers that run.
struct world {
    explicit world(std::uint64_t size, std::uint64_t read_ahead_bytes = default_read_ahead)
        : pages(size, std::uint64_t{1} << 40U, block_size)
        , read_ahead(read_ahead_bytes) {}

    cache::testing::bench pages;
    virtual_clock clock{pages.context};
    store_model store{clock};
    cache::sequential_reads sequences{};
    std::uint64_t read_ahead;
    tally counts{};

    [[nodiscard]] cache::object& object() const { return *pages.it; }
    [[nodiscard]] std::uint64_t size() const { return pages.it->info().size; }
    /// The bytes of [first, last] are there, all of them.
    [[nodiscard]] bool holds(std::uint64_t first, std::uint64_t last) const {
        return pages.it->covers(first, last) == cache::object::coverage::all;
    }
};

/// `media::begin_fill`.
awaitable<result<fill_start>> begin_fill(world& w, std::uint64_t first, std::uint64_t last,
                                         steady_clock::time_point give_up, claim_kind claim);
/// `media::read_ahead`.
void read_ahead(world& w, std::uint64_t first, std::uint64_t last);
/// `media::fill_for_later`.
void fill_for_later(world& w, std::uint64_t first, std::uint64_t last);

/// A request and its client.
struct reader_spec {
    std::uint64_t first{0};
    std::optional<std::uint64_t> last{};              ///< none: the range is open
    std::optional<double> rate{};                     ///< bytes a second that the client takes; none: at once
    std::uint64_t stops_after{UINT64_MAX / 2};        ///< bytes, then it takes nothing more
    std::optional<steady_clock::time_point> leaves{}; ///< when the client goes
};

/// What came of it.
struct reader_outcome {
    steady_clock::time_point began{};
    std::optional<steady_clock::time_point> first_byte{};
    std::uint64_t sent{0};  ///< into the client's sockets
    std::uint64_t taken{0}; ///< by the client
    bool complete{false};
    bool left{false};
    std::optional<errc> fell_back{};      ///< it failed before its first byte: the app answers
    std::optional<errc> cut{};            ///< it failed afterwards
    steady_clock::time_point last_byte{}; ///< when it was last sent any
    steady_clock::time_point ended{};
    unsigned waits{0};    ///< for the next bytes, after the first, where somebody could see it
    bool followed{false}; ///< it waited for a fill that is there
};

/// Reads from now on. `out` must live as long as the world runs.
awaitable<void> read_range(world& w, reader_spec spec, reader_outcome& out);

/// The same from `at` on.
void read_at(world& w, steady_clock::time_point at, reader_spec spec, reader_outcome& out);

} // namespace sluice::media::simulation
