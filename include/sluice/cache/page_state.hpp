#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::cache {

/// Where a page is in its life (drawn in src/cache/README.md). `absent` and `claimed` pages take no memory. Only
/// `filling`, `partial`, `present` and `punching` pages are charged to the budget.
enum class page_state : std::uint8_t {
    absent,
    claimed,  ///< a fill will write it; nothing is reserved yet
    filling,  ///< reserved; being written
    partial,  ///< a fill ended or began inside it: some bytes were published, and are never rewritten
    present,  ///< whole and checksummed
    punching, ///< being given back to the file system; cannot be claimed until that has returned
};

/// A run of pages in bytes, one past its last in `end`; none where both are equal.
struct page_run {
    std::uint64_t begin{0};
    std::uint64_t end{0};
    /// Whether there is no page.
    [[nodiscard]] bool empty() const noexcept { return begin == end; }
};

/// What a fill charges before it writes: pages, what they take on the disk, and what the metadata file grows by.
struct reservation {
    std::size_t first_page{0};
    std::size_t pages{0}; ///< 0: nothing is needed
    std::uint64_t bytes{0};
    std::uint64_t metadata{0};
};

} // namespace sluice::cache
