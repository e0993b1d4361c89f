#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/origin/pace.hpp>

#include <cstdint>

/// Whether a reader waits for a running fill or asks the origin itself. Pure.
namespace sluice::media {

/// Below this a wait is imperceptible; a second request would only add load.
inline constexpr std::chrono::milliseconds unnoticed{5};

/// A fill that will come to the byte that a reader wants next.
struct awaited_fill {
    std::uint64_t distance{0};                 ///< bytes that it has to bring before that byte
    steady_clock::duration until_first_byte{}; ///< as foreseen when it was asked for; 0 once it is there
    origin::byte_time each{};                  ///< of this fill, where measured
};

/// What a request of the reader's own would be like.
struct own_request {
    steady_clock::duration first_byte; ///< of this store
    origin::byte_time each;            ///< on a connection of its own; cautious where nothing was measured
};

/// How a reader comes to its next byte.
enum class approach : std::uint8_t {
    join,       ///< wait for the fill
    ask_page,   ///< an own request, from the beginning of the page
    ask_inside, ///< own requests: for the rest of the page from the very byte on, since what stands before it would
                ///< cost too much, and for the pages behind it
};

/// How long a reader has waited by `now`, since `began`, for bytes that were due. `first_byte`: when the fill's first
/// was foreseen, or came; no later than that of a request which the reader might have made instead.
[[nodiscard]] steady_clock::duration waited_beyond_first_byte(steady_clock::time_point began,
                                                              steady_clock::time_point first_byte,
                                                              steady_clock::time_point now,
                                                              const own_request& own) noexcept;

/// How long a byte of a fill takes that a reader has waited for since its first byte was due: it brought `brought` in
/// `waited`. What was `measured` says nothing of one that is slow from its beginning, or stands still.
[[nodiscard]] origin::byte_time seen_byte_time(origin::byte_time measured, std::uint64_t brought,
                                               steady_clock::duration waited, const own_request& own) noexcept;

/// `into_page`: how far into its page the byte lies. Joining costs no request, and so wins where it costs at most a
/// tenth more time, or is `unnoticed`.
[[nodiscard]] approach choose_approach(const awaited_fill& f, std::uint64_t into_page, const own_request& own) noexcept;

} // namespace sluice::media
