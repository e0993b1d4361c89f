#pragma once

#include <sluice/cache/budget.hpp>
#include <sluice/cache/eviction.hpp>
#include <sluice/cache/key.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace sluice::cache {

/// The records of the pages of an object. Only blocks of which a page is held have one, so that memory follows what is
/// cached and not the object's size. A 1 MiB block costs under 256 bytes, 128 of them its checksums.
///
/// Every function takes time proportional to what it looks at, plus O(log held blocks). Not thread-safe.
class block_table {
public:
    /// The part of a page's state that takes room. The values are stored in four bits of a record.
    enum class stored : std::uint8_t {
        absent = 0, ///< nothing
        filling = 1,
        partial = 2,
        present = 3
    };
    /// A page's record.
    struct page_record {
        stored state{stored::absent};
        bool punching{false}; ///< `state` is what it was
        bool verified{false};
        /// Whole, checksummed, and not being given back.
        [[nodiscard]] bool readable() const noexcept { return state == stored::present && !punching; }
    };

    /// Counts its blocks in `gauge`. Both must outlive it.
    block_table(const page_layout& layout, block_gauge& gauge)
        : layout_(layout)
        , gauge_(gauge) {}
    block_table(const block_table&) = delete;
    block_table& operator=(const block_table&) = delete;
    ~block_table();

    /// What is recorded of a page; `absent` where its block has no record.
    [[nodiscard]] page_record at(std::size_t page) const;
    /// Sets what `page` is; makes the record of its block where there is none.
    void set(std::size_t page, page_record to);
    /// The checksum of a present page.
    [[nodiscard]] std::uint64_t checksum(std::size_t page) const;
    /// Sets the checksum (XXH64) of a page that is not absent.
    void set_checksum(std::size_t page, std::uint64_t sum);

    /// Counts one more reader that is being sent bytes of `block`, which `policy` takes for used now.
    void pin(std::size_t block, eviction_policy& policy);
    /// Counts one less; as many as were pinned.
    void unpin(std::size_t block);
    /// Whether a reader is being sent bytes of `block`.
    [[nodiscard]] bool pinned(std::size_t block) const;
    /// Tells `policy` that a held block is used now.
    void touch(std::size_t block, eviction_policy& policy);
    /// What the policy remembers of a held block.
    [[nodiscard]] usage last_use(std::size_t block) const;

    /// The first block from `block` on that has any page in a state but absent; none: no value.
    [[nodiscard]] std::optional<std::size_t> next_held(std::size_t block) const;
    /// The first page in [first, last] that is readable, or last + 1.
    [[nodiscard]] std::size_t next_readable(std::size_t first, std::size_t last) const;
    /// The first page in [first, last] that is not readable, or last + 1.
    [[nodiscard]] std::size_t next_unreadable(std::size_t first, std::size_t last) const;
    /// The first page in [first, last] that is filling, present or being punched, or last + 1.
    [[nodiscard]] std::size_t next_taken(std::size_t first, std::size_t last) const;
    /// Whether any page of a block is in a state but absent.
    [[nodiscard]] bool holds(std::size_t block) const;
    /// Blocks of which any page is not absent.
    [[nodiscard]] std::size_t held_blocks() const noexcept { return held_; }

    /// The last page of `block`, which may be shorter at the object's end.
    [[nodiscard]] std::size_t last_page_of(std::size_t block) const noexcept {
        return std::min((block + 1) * layout_.pages_per_block(), layout_.pages()) - 1;
    }

private:
    /// One block: the checksums of its pages, then four bits a page.
    struct record {
        std::uint32_t pins{0};
        usage last_use{};
        std::uint16_t held{0};     ///< pages that are not absent
        std::uint16_t readable{0}; ///< pages that are
        std::unique_ptr<std::uint64_t[]> words;
    };
    using key = std::uint32_t;
    using records = std::map<key, record>;

    [[nodiscard]] static key as_key(std::size_t block) noexcept { return static_cast<key>(block); }
    [[nodiscard]] record* find(std::size_t block) const;
    record& make(std::size_t block);
    void drop_unused(std::size_t block, const record& r);
    [[nodiscard]] page_record read(const record& r, std::size_t page) const noexcept;
    [[nodiscard]] std::size_t pages_of(std::size_t block) const noexcept {
        return last_page_of(block) + 1 - block * layout_.pages_per_block();
    }
    [[nodiscard]] bool is_whole(std::size_t block) const;
    void join_whole(key block);
    void leave_whole(key block);

    const page_layout& layout_;
    block_gauge& gauge_;
    records records_;
    std::map<key, key> whole_; ///< runs of two or more blocks of which every page is readable: the first → the last
    std::size_t held_{0};
    mutable key last_found_{0}; ///< pages are looked at one after the other
    mutable record* last_record_{nullptr};
};

} // namespace sluice::cache
