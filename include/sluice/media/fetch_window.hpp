#pragma once

#include <sluice/http/range.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

/// How much of an object is fetched at once. Pure.
namespace sluice::media {

/// The first window of a range without an end; it doubles, up to `cache.read_ahead`, while the client reads on.
inline constexpr std::uint64_t first_window = 1U << 20U;

/// The largest window, in bytes: `read_ahead` (`cache.read_ahead`), but never less than the first.
[[nodiscard]] constexpr std::uint64_t max_window(std::uint64_t read_ahead) noexcept {
    return std::max(read_ahead, first_window);
}

/// Whether [first, last] is no longer than the largest window: where a client named such a range, one GET brings it
/// all. Browsers name the object's last byte where others leave a range open, and leave on the next seek: such a range
/// is longer, and is fetched by windows.
[[nodiscard]] constexpr bool fits_one_window(std::uint64_t first, std::uint64_t last,
                                             std::uint64_t read_ahead) noexcept {
    return last - first < max_window(read_ahead);
}

/// The windows in which one client's range is fetched where it is not in the cache.
class fetch_window {
public:
    /// `read_ahead`: `cache.read_ahead`, in bytes.
    explicit fetch_window(std::uint64_t read_ahead) noexcept
        : max_(max_window(read_ahead)) {}

    /// The look-up began with the first window.
    void skip_first() noexcept { size_ = std::min(2 * first_window, max_); }
    /// A client gets no more than `bytes` at once, but the first window.
    void limit(std::uint64_t bytes) noexcept { size_ = std::min(size_, std::max(bytes, first_window)); }

    /// Whether all of what the client named is fetched at once, not by windows.
    [[nodiscard]] bool is_at_once() const noexcept { return at_once_; }
    /// Turns to the bytes `wanted`. `is_open`: the client named no end.
    void begin(const http::byte_range& wanted, bool is_open) noexcept {
        wanted_ = wanted;
        fetched_to_ = 0;
        at_once_ = !is_open && wanted.last - wanted.first < max_;
    }

    /// The last byte of a fill that begins at `first`: of what the client named, else of the window, which grows.
    [[nodiscard]] std::uint64_t next_end(std::uint64_t first) noexcept {
        if (at_once_) {
            return wanted_.last;
        }
        const std::uint64_t end = first + size_ - 1;
        size_ = std::min(size_ * 2, max_);
        return std::min(end, wanted_.last);
    }

    /// Where to look for bytes that should be fetched now, since half of the window is used up when the client is at
    /// `position`. Nullopt: nowhere.
    [[nodiscard]] std::optional<http::byte_range> look_ahead(std::uint64_t position) const noexcept {
        if (position > wanted_.last) {
            return std::nullopt;
        }
        const std::uint64_t half = at_once_ ? wanted_.last : std::min(position + size_ / 2, wanted_.last);
        const std::uint64_t from = std::max(position, fetched_to_);
        return from > half ? std::nullopt : std::optional(http::byte_range{from, half});
    }

    /// The bytes of a fill that is begun ahead of the client at `position` for the missing bytes from `gap_begin`
    /// up to before `gap_end`. Nullopt where there are none, and where the client is there itself: its own fill
    /// waits for the origin in the foreground.
    [[nodiscard]] std::optional<http::byte_range> fetch_ahead(std::uint64_t position, std::uint64_t gap_begin,
                                                              std::uint64_t gap_end) noexcept {
        if (gap_begin == gap_end || gap_begin <= position) {
            return std::nullopt;
        }
        // Each gap of what is fetched at once by itself: what lies between them is there.
        const std::uint64_t last = at_once_ ? gap_end - 1 : next_end(gap_begin);
        fetched_to_ = last + 1;
        return http::byte_range{gap_begin, last};
    }

private:
    std::uint64_t max_;
    std::uint64_t size_{first_window}; ///< of the next one
    http::byte_range wanted_{};
    std::uint64_t fetched_to_{0}; ///< fills ahead of the client were begun up to here
    bool at_once_{false};
};

} // namespace sluice::media
