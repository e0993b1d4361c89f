#include <sluice/base/assert.hpp>
#include <sluice/cache/block_table.hpp>

#include <algorithm>

namespace sluice::cache {

namespace {

constexpr unsigned bits = 4;
constexpr std::size_t pages_a_word = 64 / bits;
constexpr std::uint64_t state_mask = 3;
constexpr std::uint64_t punching_bit = 4;
constexpr std::uint64_t verified_bit = 8;

} // namespace

block_table::~block_table() {
    gauge_.add(-static_cast<std::int64_t>(held_));
}

block_table::record* block_table::find(std::size_t block) const {
    if (last_record_ != nullptr && last_found_ == block) {
        return last_record_;
    }
    const auto it = records_.find(as_key(block));
    if (it == records_.end()) {
        return nullptr;
    }
    last_found_ = it->first;
    last_record_ = const_cast<record*>(&it->second); // of a map that is not const
    return last_record_;
}

block_table::record& block_table::make(std::size_t block) {
    auto* there = find(block);
    if (there == nullptr) {
        there = &records_[as_key(block)];
        const std::size_t pages = pages_of(block);
        there->words = std::make_unique<std::uint64_t[]>(pages + (pages + pages_a_word - 1) / pages_a_word);
        last_found_ = as_key(block);
        last_record_ = there;
    }
    return *there;
}

void block_table::drop_unused(std::size_t block, const record& r) {
    if (r.held == 0 && r.pins == 0) {
        last_record_ = nullptr;
        records_.erase(as_key(block));
    }
}

block_table::page_record block_table::read(const record& r, std::size_t page) const noexcept {
    const std::size_t block = layout_.block_of_page(page);
    const std::size_t i = page - block * layout_.pages_per_block();
    const std::uint64_t word = r.words[pages_of(block) + i / pages_a_word] >> (i % pages_a_word * bits);
    return {static_cast<stored>(word & state_mask), (word & punching_bit) != 0, (word & verified_bit) != 0};
}

block_table::page_record block_table::at(std::size_t page) const {
    const auto* r = find(layout_.block_of_page(page));
    return r == nullptr ? page_record{} : read(*r, page);
}

void block_table::set(std::size_t page, page_record to) {
    SLUICE_ASSERT(page < layout_.pages());
    SLUICE_ASSERT(to.state != stored::absent || (!to.punching && !to.verified));
    const std::size_t block = layout_.block_of_page(page);
    if (to.state == stored::absent && find(block) == nullptr) {
        return;
    }
    record& r = make(block);
    const page_record before = read(r, page);
    const std::size_t pages = pages_of(block);
    const std::size_t i = page - block * layout_.pages_per_block();
    auto& word = r.words[pages + i / pages_a_word];
    const unsigned shift = static_cast<unsigned>(i % pages_a_word) * bits;
    const std::uint64_t value =
        static_cast<std::uint64_t>(to.state) | (to.punching ? punching_bit : 0) | (to.verified ? verified_bit : 0);
    word = (word & ~(std::uint64_t{15} << shift)) | (value << shift);

    const bool was_whole = r.readable == pages;
    const bool was_held = r.held != 0;
    r.held = static_cast<std::uint16_t>(r.held + (to.state != stored::absent) - (before.state != stored::absent));
    r.readable = static_cast<std::uint16_t>(r.readable + to.readable() - before.readable());
    if ((r.held != 0) != was_held) {
        const int more = was_held ? -1 : 1;
        held_ = was_held ? held_ - 1 : held_ + 1;
        gauge_.add(more);
    }
    if ((r.readable == pages) != was_whole) {
        was_whole ? leave_whole(as_key(block)) : join_whole(as_key(block));
    }
    drop_unused(block, r);
}

bool block_table::is_whole(std::size_t block) const {
    const auto* r = find(block);
    return r != nullptr && r->readable == pages_of(block);
}

void block_table::join_whole(key block) {
    key first = block;
    key last = block;
    auto after = whole_.upper_bound(block);
    if (after != whole_.end() && after->first == block + 1) {
        last = after->second;
        after = whole_.erase(after);
    } else if (is_whole(std::size_t{block} + 1)) {
        last = block + 1;
    }
    if (after != whole_.begin() && std::prev(after)->second + 1 == block) {
        std::prev(after)->second = last;
        return;
    }
    if (block > 0 && is_whole(block - 1)) {
        first = block - 1;
    }
    if (first != last) {
        whole_.emplace_hint(after, first, last);
    }
}

void block_table::leave_whole(key block) {
    const auto after = whole_.upper_bound(block);
    if (after == whole_.begin() || std::prev(after)->second < block) {
        return; // it was whole alone
    }
    const auto [first, last] = *std::prev(after);
    whole_.erase(std::prev(after));
    if (first + 1 < block) {
        whole_.emplace(first, block - 1);
    }
    if (block + 1 < last) {
        whole_.emplace(block + 1, last);
    }
}

std::uint64_t block_table::checksum(std::size_t page) const {
    const std::size_t block = layout_.block_of_page(page);
    const auto* r = find(block);
    return r == nullptr ? 0 : r->words[page - block * layout_.pages_per_block()];
}

void block_table::set_checksum(std::size_t page, std::uint64_t sum) {
    const std::size_t block = layout_.block_of_page(page);
    if (auto* r = find(block)) {
        r->words[page - block * layout_.pages_per_block()] = sum;
    }
}

void block_table::pin(std::size_t block, eviction_policy& policy) {
    record& r = make(block);
    ++r.pins;
    policy.touch(r.last_use);
}

void block_table::unpin(std::size_t block) {
    auto* r = find(block);
    SLUICE_ASSERT(r != nullptr && r->pins > 0);
    if (r != nullptr) {
        --r->pins;
        drop_unused(block, *r);
    }
}

bool block_table::pinned(std::size_t block) const {
    const auto* r = find(block);
    return r != nullptr && r->pins != 0;
}

void block_table::touch(std::size_t block, eviction_policy& policy) {
    if (auto* r = find(block)) {
        policy.touch(r->last_use);
    }
}

usage block_table::last_use(std::size_t block) const {
    const auto* r = find(block);
    return r == nullptr ? usage{} : r->last_use;
}

bool block_table::holds(std::size_t block) const {
    const auto* r = find(block);
    return r != nullptr && r->held != 0;
}

std::optional<std::size_t> block_table::next_held(std::size_t block) const {
    if (block > UINT32_MAX) {
        return std::nullopt;
    }
    for (auto it = records_.lower_bound(as_key(block)); it != records_.end(); ++it) {
        if (it->second.held != 0) {
            return it->first;
        }
    }
    return std::nullopt;
}

std::size_t block_table::next_readable(std::size_t first, std::size_t last) const {
    for (auto it = records_.lower_bound(as_key(layout_.block_of_page(first))); it != records_.end(); ++it) {
        const std::size_t begin = it->first * layout_.pages_per_block();
        if (begin > last) {
            break;
        }
        const std::size_t end = it->second.readable == 0 ? 0 : std::min(last, last_page_of(it->first)) + 1;
        for (std::size_t page = std::max(first, begin); page < end; ++page) {
            if (read(it->second, page).readable()) {
                return page;
            }
        }
    }
    return last + 1;
}

std::size_t block_table::next_unreadable(std::size_t first, std::size_t last) const {
    for (std::size_t page = first; page <= last;) {
        const std::size_t block = layout_.block_of_page(page);
        const auto after = whole_.upper_bound(as_key(block));
        if (after != whole_.begin() && std::prev(after)->second >= block) {
            page = last_page_of(std::prev(after)->second) + 1;
            continue;
        }
        // Whole alone, or the page that is missing lies in what is left of it, or before: then the next block decides.
        const auto* r = find(block);
        for (const std::size_t end = std::min(last, last_page_of(block)) + 1; page < end; ++page) {
            if (r == nullptr || !read(*r, page).readable()) {
                return page;
            }
        }
    }
    return last + 1;
}

std::size_t block_table::next_taken(std::size_t first, std::size_t last) const {
    for (auto it = records_.lower_bound(as_key(layout_.block_of_page(first))); it != records_.end(); ++it) {
        const std::size_t begin = it->first * layout_.pages_per_block();
        if (begin > last) {
            break;
        }
        const std::size_t end = std::min(last, last_page_of(it->first)) + 1;
        for (std::size_t page = std::max(first, begin); page < end; ++page) {
            const auto p = read(it->second, page);
            if (p.state == stored::filling || p.state == stored::present || p.punching) {
                return page;
            }
        }
    }
    return last + 1;
}

} // namespace sluice::cache
