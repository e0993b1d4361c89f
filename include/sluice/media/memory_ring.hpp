#pragma once

#include <sluice/cache/budget.hpp>
#include <sluice/media/memory_rules.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::media {

/// The last bytes of a transfer, in pieces of memory that are charged to a budget. Not thread-safe.
///
/// A piece that is being sent belongs to who sends it as well, and outlives its place in the ring; it counts no longer
/// then, as the buffer of a client that reads alone.
class memory_ring {
public:
    /// One piece, of `memory_piece` bytes, or as many as there are at the end; they are written once, in order.
    using piece = char[];

    /// An empty ring whose first byte will be the one at `begin`, and which never holds one at `bound` (> `begin`) or
    /// behind. Nullopt where `memory`, which must outlive it, has no room for `min_ring`, or for all of it where that
    /// is less.
    [[nodiscard]] static std::optional<memory_ring> make(cache::budget& memory, std::uint64_t begin,
                                                         std::uint64_t bound);
    memory_ring(memory_ring&& other) noexcept;
    memory_ring& operator=(memory_ring&&) = delete;
    ~memory_ring();

    /// The offset of the first byte that is held.
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
    /// One past the offset of the last byte that is held.
    [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

    /// Memory for the bytes from `end` on, until `commit`: in the last piece, in a new one while there are fewer than
    /// `capacity` bytes and the budget has room (a quarter of it is left to those that begin), or in place of the first
    /// piece where nobody wants a byte of it
    /// (`needed_from`: the first byte that anybody wants). Empty where there is none. Throws `std::bad_alloc`.
    [[nodiscard]] std::span<char> room(std::uint64_t capacity, std::uint64_t needed_from);
    /// The first `n` bytes of what `room` gave are there.
    void commit(std::size_t n) noexcept;

    /// Bytes that can be read, and their piece, which keeps them.
    struct view {
        std::shared_ptr<const piece> keeps{};
        std::string_view bytes{};
    };
    /// The bytes from `position` on, of one piece alone. `position` is in [begin, end).
    [[nodiscard]] view at(std::uint64_t position) const noexcept;
    /// Gives all memory back: nobody reads any of it again. Pieces that are being sent stay until that is done.
    void clear() noexcept;
    /// One past the last offset in the first piece.
    [[nodiscard]] std::uint64_t first_piece_end() const noexcept { return begin_ + memory_piece; }

private:
    memory_ring(cache::budget& memory, std::uint64_t begin, std::uint64_t bound, std::uint64_t charged) noexcept
        : memory_(&memory)
        , begin_(begin)
        , end_(begin)
        , bound_(bound)
        , charged_(charged) {}
    [[nodiscard]] std::uint64_t size() const noexcept { return pieces_.size() * memory_piece; }
    /// Room in the last piece.
    [[nodiscard]] std::size_t left() const noexcept {
        return static_cast<std::size_t>(std::min(begin_ + size(), bound_) - end_);
    }
    [[nodiscard]] bool try_grow();
    /// A piece for the next place.
    [[nodiscard]] std::shared_ptr<piece> make_piece() const;
    std::shared_ptr<piece> take_first() noexcept;

    cache::budget* memory_;
    std::uint64_t begin_;
    std::uint64_t end_;
    std::uint64_t bound_;
    std::uint64_t charged_;
    std::deque<std::shared_ptr<piece>> pieces_{};
};

} // namespace sluice::media
