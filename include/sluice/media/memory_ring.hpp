#pragma once

#include <sluice/cache/budget.hpp>
#include <sluice/media/memory_rules.hpp>

#include <array>
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
    /// One piece; its bytes are written once, in order.
    using piece = std::array<char, memory_piece>;

    /// An empty ring whose first byte will be the one at `begin`. Nullopt where `memory`, which must outlive it, has no
    /// room for `min_ring`.
    [[nodiscard]] static std::optional<memory_ring> make(cache::budget& memory, std::uint64_t begin);
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
    memory_ring(cache::budget& memory, std::uint64_t begin) noexcept
        : memory_(&memory)
        , begin_(begin)
        , end_(begin) {}
    [[nodiscard]] std::uint64_t size() const noexcept { return pieces_.size() * memory_piece; }
    /// Room in the last piece.
    [[nodiscard]] std::size_t left() const noexcept { return begin_ + size() - end_; }
    [[nodiscard]] bool try_grow();
    std::shared_ptr<piece> take_first() noexcept;

    cache::budget* memory_;
    std::uint64_t begin_;
    std::uint64_t end_;
    std::uint64_t charged_{min_ring};
    std::deque<std::shared_ptr<piece>> pieces_{};
};

} // namespace sluice::media
