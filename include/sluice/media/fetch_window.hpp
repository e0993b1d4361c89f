#pragma once

#include <sluice/http/range.hpp>

#include <cstdint>
#include <optional>

/// How much of an object is fetched at once, and how far ahead of its client. Pure.
namespace sluice::media {

/// The first window of a range without an end.
inline constexpr std::uint64_t first_window = 1U << 20U;
/// The least that is fetched by a request of its own where it could be part of a larger one.
inline constexpr std::uint64_t min_piece = 256U << 10U;
/// How far ahead of a client is fetched that has not shown yet that it takes anything: the first window, and a piece
/// that is there before a fast client is through with it.
inline constexpr std::uint64_t first_ahead = first_window + min_piece;

/// The largest window, in bytes: `read_ahead` (`cache.read_ahead`), but never less than the first.
[[nodiscard]] std::uint64_t max_window(std::uint64_t read_ahead) noexcept;

/// How much is fetched for one client, and by how many requests at once.
struct window_limits {
    std::uint64_t read_ahead; ///< `cache.read_ahead`, in bytes
    unsigned parallel{1};     ///< of the store: connections that bring bytes for one client at once, at least 1
};

/// Whether all of [first, last] is fetched at once where a client named such a range: no more than the largest
/// window, and with one connection 16 MiB, with several 4 MiB, since each of them fills buffers of its own. Browsers
/// name the object's last byte where others leave a range open, and leave on the next seek: such a range is longer, and
/// is fetched by windows.
[[nodiscard]] bool is_fetched_at_once(std::uint64_t first, std::uint64_t last, const window_limits& limits) noexcept;

/// The bytes of each piece, but the last, in which `bytes` that are all wanted are fetched at once: whole pages, at
/// most `parallel` pieces, none of them less than twice `min_piece`.
[[nodiscard]] std::uint64_t piece_of(std::uint64_t bytes, unsigned parallel) noexcept;

/// The windows in which one client's range is fetched where it is not in the cache.
///
/// There is a frontier ahead of the client, which moves as it takes bytes. Whenever enough lies between what was asked
/// for and the frontier, it is asked for: with one connection all of it, as soon as it is a third of what is ahead of
/// the client, so that one answer comes while the next is waited for; with several in pieces, so many that as many
/// bring bytes while about as many are waited for.
class fetch_window {
public:
    explicit fetch_window(const window_limits& limits) noexcept;

    /// Turns to the bytes `wanted`. `is_open`: the client named no end.
    void begin(const http::byte_range& wanted, bool is_open) noexcept;
    /// The client has taken all before `taken_to`, and no more than `ahead` bytes are fetched ahead of that, see
    /// `client_pace::ahead`. The frontier never goes back.
    void move(std::uint64_t taken_to, std::uint64_t ahead) noexcept;

    /// Whether all of what the client named is fetched at once, not by windows.
    [[nodiscard]] bool is_at_once() const noexcept { return at_once_; }
    /// How far fills may be ahead of the client.
    [[nodiscard]] std::uint64_t ahead() const noexcept;

    /// The last byte of a fill that begins at `first` and for which the client waits.
    [[nodiscard]] std::uint64_t next_end(std::uint64_t first) const noexcept;
    /// Where to look for bytes that should be fetched now, with the client at `position`. Nullopt: nowhere.
    [[nodiscard]] std::optional<http::byte_range> look_ahead(std::uint64_t position) const noexcept;
    /// The bytes of a fill that is begun ahead of the client at `position` for the missing bytes from `gap_begin`
    /// up to before `gap_end`. Nullopt where there are none, or so few that more can be asked for later; and where the
    /// client is there itself: its own fill waits for the origin in the foreground.
    [[nodiscard]] std::optional<http::byte_range> fetch_ahead(std::uint64_t position, std::uint64_t gap_begin,
                                                              std::uint64_t gap_end) noexcept;

private:
    /// The least that is asked for by windows; with several connections all that is asked for by one request.
    [[nodiscard]] std::uint64_t step() const noexcept;

    window_limits limits_;
    std::uint64_t ahead_{0};
    http::byte_range wanted_{};
    std::uint64_t frontier_{0};   ///< one past the last byte that may be asked for now
    std::uint64_t fetched_to_{0}; ///< fills ahead of the client were begun up to here
    std::uint64_t piece_{0};      ///< where all is fetched at once
    bool at_once_{false};
};

} // namespace sluice::media
