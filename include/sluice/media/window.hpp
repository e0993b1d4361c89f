#pragma once

#include <algorithm>
#include <cstdint>

/// How much of an object is fetched at once.
namespace sluice::media {

/// The first window of a range without an end; it doubles, up to `cache.read_ahead`, while the client reads on.
inline constexpr std::uint64_t first_window = 1U << 20U;

/// Whether [first, last] is no longer than the largest window: where a client named such a range, one GET brings it
/// all. Browsers name the object's last byte where others leave a range open, and leave on the next seek: such a range
/// is longer, and is fetched by windows.
[[nodiscard]] constexpr bool fits_one_window(std::uint64_t first, std::uint64_t last,
                                             std::uint64_t read_ahead) noexcept {
    return last - first < std::max(read_ahead, first_window);
}

} // namespace sluice::media
