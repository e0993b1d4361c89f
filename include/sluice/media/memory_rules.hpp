#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/http/range.hpp>
#include <sluice/media/join_rules.hpp>
#include <sluice/origin/pace.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Who follows one transfer past the cache, and how much memory it has. Pure.
namespace sluice::media {

/// The unit of that memory.
inline constexpr std::size_t memory_piece = 64UL * 1024;
/// What a transfer has at least, unless it is shorter: without it none is begun.
inline constexpr std::uint64_t min_ring = 4 * memory_piece;
/// What it has at most: how far its followers may be apart.
inline constexpr std::uint64_t max_ring = 4UL << 20U;
/// How far it is ahead of its foremost follower: the client decides what is fetched.
inline constexpr std::uint64_t max_ahead = 4 * memory_piece;

/// How long one is followed that has come whole. It is for those who come together, and no cache: the next ones ask the
/// store, which may have another version.
inline constexpr std::chrono::seconds max_complete{1};

/// What each of `streams` transfers may have of `limit` bytes (`cache.memory`). As long as possible half of all stays
/// free, so that more can begin.
[[nodiscard]] std::uint64_t ring_capacity(std::uint64_t limit, std::size_t streams) noexcept;

/// A transfer as somebody sees it who would follow it.
struct running_stream {
    std::uint64_t begin{0};                ///< the first byte that it still holds
    std::uint64_t end{0};                  ///< one past the last one
    std::uint64_t get_end{0};              ///< one past the last one that its GET will bring
    bool is_resumable{false};              ///< there is a validator: another GET can go on with it
    bool is_held_back{false};              ///< by a follower that does not take its bytes
    origin::byte_time each{25};            ///< that a byte takes to come
    steady_clock::duration complete_for{}; ///< since all that it will bring has come; 0: more is to come
};

/// Whether somebody who wants `wanted` follows it rather than ask the store: the first byte is there, or comes no later
/// than by a request of one's own (`own`). Without a validator bytes of two GETs are never put together: then this GET
/// has to have all of them.
[[nodiscard]] bool follows_stream(const running_stream& s, const http::byte_range& wanted,
                                  const own_request& own) noexcept;

/// How those in front of a transfer waited for those behind, since it began or somebody was left behind.
struct held_back {
    steady_clock::duration running{}; ///< the time since
    steady_clock::duration held{};    ///< of that, the time in which those in front waited
    std::uint64_t read{0};            ///< bytes that came meanwhile
    std::uint64_t taken{0};           ///< bytes that the last ones took while they were waited for
};

/// How much longer those in front wait before they are looked at again; 0: the last ones are left behind.
///
/// They may be held back for a tenth of the time, a second at most, and a little at the beginning; and for longer where
/// those behind are hardly slower while they are waited for: then all of them together are as fast as something allows,
/// and another transfer would make it slower.
[[nodiscard]] steady_clock::duration hold_left(const held_back& h) noexcept;

/// Whether the next GET is asked for now, while `remaining` bytes of the running one are still to be read, so that none
/// has to be waited for between both: the store answers after `first_byte`, and a byte takes `each`.
[[nodiscard]] bool asks_ahead(std::uint64_t remaining, origin::byte_time each,
                              steady_clock::duration first_byte) noexcept;

} // namespace sluice::media
