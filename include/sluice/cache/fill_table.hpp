#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/base/error.hpp>
#include <sluice/cache/key.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

namespace sluice::cache {

/// One ranged GET whose bytes go into a run of pages. Guarded by its object's mutex, but for atomics, and for what its
/// writer alone changes (`published`) and reads.
struct fill {
    std::uint64_t begin{0};                ///< its first byte
    std::atomic<std::uint64_t> end{0};     ///< one past its last; becomes less where another takes its last pages over
    std::uint64_t published{0};            ///< readers may have all before it
    std::uint64_t writing_to{0};           ///< one past what is being written now, which nobody can take over
    steady_clock::time_point first_byte{}; ///< when its first byte came, or is expected
    double byte_time{0};                   ///< nanoseconds that a byte takes to come
    /// Of whom it took its pages over, and the end that that one had; nullptr: of nobody.
    std::shared_ptr<fill> cut{};
    std::uint64_t cut_end{0};
    bool is_whole_response{false}; ///< the origin ignores ranges: no other request could bring what this one brings
    bool ended{false};
    bool beginning_lost{false}; ///< it began inside a page, which was given back since: no longer read from it
    result<void> outcome;       ///< why it ended before `end`
    std::shared_ptr<async_event> producer; ///< woken when a reader moved or left, while the producer waits for demand
    bool producer_waits{false};
};

/// What fills have to know of a reader: where it is, and what it waits for. A part of the reader, guarded by its
/// object's mutex.
struct reader_state {
    std::uint64_t position{0};
    std::uint64_t last{0};               ///< the last byte that it wants
    std::uint64_t wanted{0};             ///< to be woken when `waits_for` has published this far
    std::shared_ptr<fill> waits_for{};   ///< nullptr where it waits for something else
    std::shared_ptr<async_event> wake{}; ///< made when first needed: a hit never waits
    std::uint64_t window{UINT64_MAX};    ///< how far a fill may be ahead of it, where that is less than of all
    bool waits{false};
    bool suspended{false}; ///< counts as no reader
    bool saw_fill{false};  ///< a span came from a running fill
};

/// What live readers want of a fill.
struct fill_demand {
    bool wanted{false};         ///< whether any does
    std::uint64_t wanted_to{0}; ///< one past the last byte that should be fetched now
};

/// Which fill covers what of an object, how far each has published, and who waits for it. What lies on the disk is
/// `block_table`'s.
///
/// Every function takes time proportional to the fills and readers of the object. Not thread-safe.
class fill_table {
public:
    /// `layout`: the object's; must outlive this.
    explicit fill_table(const page_layout& layout) noexcept
        : layout_(layout) {}

    /// Whether any fill is running.
    [[nodiscard]] bool has_fills() const noexcept { return !fills_.empty(); }
    /// Whether there is any reader, a suspended one too.
    [[nodiscard]] bool has_readers() const noexcept { return !readers_.empty(); }
    /// All readers, suspended ones too.
    [[nodiscard]] const std::vector<reader_state*>& readers() const noexcept { return readers_; }

    /// Begins a fill of the bytes from `begin` up to before `end`, of which no other has claimed a page.
    std::shared_ptr<fill> claim(std::uint64_t begin, std::uint64_t end);
    /// Ends `f` before `page`, where it `can_be_split`: a new fill has its bytes from there on, and those behind it up
    /// to before `end`.
    std::shared_ptr<fill> split(fill& f, std::size_t page, std::uint64_t end);
    /// Whether `f` can be split at the beginning of `page`.
    [[nodiscard]] static bool can_be_split(const fill& f, std::size_t page) noexcept {
        const std::uint64_t begin = static_cast<std::uint64_t>(page) * page_size;
        return !f.is_whole_response && f.begin < begin && f.writing_to <= begin && begin < f.end;
    }
    /// Gives what `f` took over back to the fill that would have brought it, where `f` ends before its first byte and
    /// that one still runs: `f` has the rest. False where that cannot be.
    static bool give_back(fill& f) noexcept;
    /// Removes a fill that has ended.
    void remove(const fill& f);

    /// Whether `f`, which claimed `page`, has yet to publish all of it. Afterwards the page may be evicted, and claimed
    /// by another fill.
    [[nodiscard]] bool owns(const fill& f, std::size_t page) const noexcept {
        return f.published < layout_.page_end(page);
    }
    /// The fill that owns `page`, or nullptr.
    [[nodiscard]] const fill* claimed_by(std::size_t page) const noexcept;
    /// The fill from which the byte at `offset` is or will be read; nullptr where there is none.
    [[nodiscard]] std::shared_ptr<fill> fill_at(std::uint64_t offset) const;
    /// The first page from `first` on that a fill owns, where that is before `none`; else `none`.
    [[nodiscard]] std::size_t next_claimed(std::size_t first, std::size_t none) const noexcept;
    /// The pages [first, last] are given back: no longer read from a fill that began inside one of them.
    void lose_beginnings(std::size_t first_page, std::size_t last_page) noexcept;

    /// Registers a reader.
    void add(reader_state& r) { readers_.push_back(&r); }
    /// Removes a reader.
    void remove(const reader_state& r);

    /// `window`: how far a fill may be ahead of any reader, in bytes.
    [[nodiscard]] fill_demand demand_for(const fill& f, std::uint64_t window) const noexcept;
    /// Whether the position of a live reader is in [first, last].
    [[nodiscard]] bool has_reader_in(std::uint64_t first, std::uint64_t last) const noexcept;

    /// Wakes every reader that waits, for whatever that is.
    void wake_waiting() const;
    /// Wakes those that wait for `f`, however far it has published, and those that wait for no fill.
    void wake_waiting_for(const fill& f) const;
    /// Wakes the readers that wait for bytes of `f` as far as it has published now.
    void wake_published(const fill& f) const;
    /// Wakes every reader that waits for bytes of `f` which are there already, however few.
    void wake_behind(const fill& f) const;
    /// Wakes the producers that wait for a reader to move or leave.
    void wake_producers() const;

private:
    const page_layout& layout_;
    std::list<std::shared_ptr<fill>> fills_;
    std::vector<reader_state*> readers_;
};

} // namespace sluice::cache
