// What was on the disk before, and what leaves it: verification, eviction, punching.
#include <sluice/cache/object.hpp>

#include <algorithm>

namespace sluice::cache {

namespace {

/// How far ahead of a reader blocks are evicted last: what it comes to before long would only be fetched again.
constexpr std::uint64_t soon = 32ULL << 20U;

} // namespace

std::optional<std::uint64_t> object::checksum(std::size_t page) {
    const std::lock_guard lock(mutex_);
    if (pages_[page] != page_state::present) {
        return std::nullopt;
    }
    return checksums_[page];
}

void object::mark_verified(std::size_t first_page, std::size_t last_page) {
    const std::lock_guard lock(mutex_);
    for (std::size_t page = first_page; page <= last_page; ++page) {
        if (pages_[page] == page_state::present) {
            verified_[page] = true;
        }
    }
}

void object::begin_check(std::size_t first_page, std::size_t last_page) {
    const std::lock_guard lock(mutex_);
    checking_.emplace_back(shape_.block_of_page(first_page), shape_.block_of_page(last_page));
}

void object::end_check(std::size_t first_page, std::size_t last_page) {
    const std::lock_guard lock(mutex_);
    const auto it = std::find(checking_.begin(), checking_.end(),
                              std::pair(shape_.block_of_page(first_page), shape_.block_of_page(last_page)));
    if (it != checking_.end()) {
        checking_.erase(it);
    }
}

std::optional<object::run> object::drop_damaged(std::size_t page, std::uint64_t expected) {
    const std::lock_guard lock(mutex_);
    if (pages_[page] != page_state::present || verified_[page] || checksums_[page] != expected) {
        return run{};
    }
    // Parts of a page that was torn once may be on their way to a client.
    if (pins_[shape_.block_of_page(page)] != 0) {
        return std::nullopt;
    }
    dirty_.store(true);
    return begin_punch(page, page, true);
}

bool object::held(std::size_t page) const {
    return pages_[page] == page_state::present || pages_[page] == page_state::torn;
}

std::size_t object::last_page_of_block(std::size_t block) const {
    return std::min((block + 1) * shape_.pages_per_block(), pages_.size()) - 1;
}

bool object::in_use(std::size_t block) const {
    return pins_[block] != 0 || std::any_of(checking_.begin(), checking_.end(), [block](const auto& checked) {
               return checked.first <= block && block <= checked.second;
           });
}

std::vector<std::uint32_t> object::blocks_ahead() const {
    std::vector<std::uint32_t> ahead(shape_.blocks());
    std::vector<std::size_t> ends(shape_.blocks()); // one past the furthest that a reader in this block comes to
    for (const auto* r : readers_) {
        const std::uint64_t to = std::min(r->last_, r->position_ + soon);
        if (r->position_ <= to) {
            auto& end = ends[static_cast<std::size_t>(r->position_ / shape_.block_size)];
            end = std::max(end, static_cast<std::size_t>(to / shape_.block_size) + 1);
        }
    }
    std::size_t nearest = 0;
    std::size_t end = 0;
    for (std::size_t block = 0; block < ahead.size(); ++block) {
        nearest = ends[block] != 0 ? block : nearest;
        end = std::max(end, ends[block]);
        ahead[block] = block < end ? static_cast<std::uint32_t>(block - nearest) + 1 : 0;
    }
    return ahead;
}

void object::evictable(std::vector<evictable_block>& out) {
    const std::lock_guard lock(mutex_);
    const auto ahead = readers_.empty() ? std::vector<std::uint32_t>() : blocks_ahead();
    for (std::size_t block = 0; block < pins_.size(); ++block) {
        bool any = false;
        for (std::size_t page = block * shape_.pages_per_block(); page <= last_page_of_block(block) && !any; ++page) {
            any = held(page);
        }
        if (any && !in_use(block)) {
            out.push_back({block, block_used_[block], ahead.empty() ? 0 : ahead[block]});
        }
    }
}

object::run object::begin_eviction(std::size_t block) {
    const std::lock_guard lock(mutex_);
    const std::size_t first = block * shape_.pages_per_block();
    const std::size_t last = last_page_of_block(block);
    bool any = false;
    for (std::size_t page = first; page <= last; ++page) {
        if (pages_[page] != page_state::absent && !held(page)) {
            return {}; // a fill or another punch is at work in it
        }
        any = any || held(page);
    }
    if (!any || in_use(block) || retired()) {
        return {};
    }
    dirty_.store(true);
    return begin_punch(first, last);
}

object::run object::begin_punch(std::size_t first_page, std::size_t last_page, bool damaged) {
    punch_job job;
    job.damaged = damaged;
    for (std::size_t page = first_page; page <= last_page; ++page) {
        job.charged += pages_[page] == page_state::absent ? 0 : shape_.page_charge(page);
        job.before.push_back(pages_[page]);
        pages_[page] = page_state::punching;
        verified_[page] = false;
    }
    for (const auto& f : fills_) {
        const auto beginning = static_cast<std::size_t>(f->begin / page_size);
        f->beginning_lost = f->beginning_lost || (beginning >= first_page && beginning <= last_page);
    }
    // Page-aligned past the object's end: a hole that ends inside a page of the page cache would zero bytes in flight.
    job.where = {static_cast<std::uint64_t>(first_page) * page_size,
                 (static_cast<std::uint64_t>(last_page) + 1) * page_size};
    punching_.push_back(std::move(job));
    return punching_.back().where;
}

std::uint64_t object::punched(run r, bool given_back) {
    const std::lock_guard lock(mutex_);
    const auto it = std::find_if(punching_.begin(), punching_.end(),
                                 [&r](const auto& each) { return each.where.begin == r.begin; });
    if (it == punching_.end()) {
        return 0;
    }
    const std::uint64_t released = given_back ? it->charged : 0;
    for (std::size_t i = 0; i < it->before.size(); ++i) {
        const std::size_t page = static_cast<std::size_t>(r.begin / page_size) + i;
        const page_state before = it->before[i];
        if (given_back || before == page_state::absent) {
            pages_[page] = page_state::absent;
            torn_.erase(page);
            continue;
        }
        // It still takes its bytes on the disk. What was published of it stays as it is; the rest may be written.
        pages_[page] = page_state::torn;
        auto& published = torn_[page];
        if (before == page_state::present && !it->damaged) {
            published = {{static_cast<std::uint64_t>(page) * page_size, shape_.page_end(page)}};
        }
    }
    charged_.fetch_sub(released, std::memory_order_relaxed);
    budget_.release(released);
    punching_.erase(it);
    wake_waiting();
    return released;
}

bool object::idle() {
    const std::lock_guard lock(mutex_);
    return readers_.empty() && fills_.empty() && punching_.empty() && checking_.empty();
}

std::size_t object::blocks_held() {
    const std::lock_guard lock(mutex_);
    std::size_t blocks = 0;
    for (std::size_t page = 0; page < pages_.size(); ++page) {
        if (pages_[page] != page_state::absent && pages_[page] != page_state::claimed) {
            ++blocks;
            page = last_page_of_block(shape_.block_of_page(page)); // one of its pages is enough
        }
    }
    return blocks;
}

} // namespace sluice::cache
