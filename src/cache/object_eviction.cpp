// What was on the disk before, and what leaves it: verification, eviction, punching.
#include <sluice/base/assert.hpp>
#include <sluice/cache/object.hpp>

#include <algorithm>

namespace sluice::cache {

using stored = block_table::stored;

namespace {

/// How far ahead of a reader blocks are evicted last: what it comes to before long would only be fetched again.
constexpr std::uint64_t soon = 32ULL << 20U;
/// How many blocks are looked at under one lock.
constexpr std::size_t blocks_a_step = 1024;

} // namespace

/// Calls `visit` with each page of [first, last] that is not absent; it may make it so.
template <class F>
void object::for_each_held(std::size_t first, std::size_t last, F visit) {
    for (auto block = table_.next_held(layout_.block_of_page(first)); block; block = table_.next_held(*block + 1)) {
        const std::size_t begin = std::max(first, *block * layout_.pages_per_block());
        if (begin > last) {
            return;
        }
        for (auto page = begin; page <= std::min(last, table_.last_page_of(*block)); ++page) {
            if (table_.at(page).state != stored::absent) {
                visit(page);
            }
        }
    }
}

std::optional<std::uint64_t> object::checksum(std::size_t page) {
    const mutex_lock lock(mutex_);
    if (!table_.at(page).readable()) {
        return std::nullopt;
    }
    return table_.checksum(page);
}

void object::mark_verified(std::size_t first_page, std::size_t last_page) {
    const mutex_lock lock(mutex_);
    for (std::size_t page = first_page; page <= last_page; ++page) {
        if (table_.at(page).readable()) {
            table_.set(page, {stored::present, false, true});
        }
    }
}

void object::begin_check(std::size_t first_page, std::size_t last_page) {
    const mutex_lock lock(mutex_);
    special_.begin_check(layout_.block_of_page(first_page), layout_.block_of_page(last_page));
}

void object::end_check(std::size_t first_page, std::size_t last_page) {
    const mutex_lock lock(mutex_);
    const bool ended = special_.end_check(layout_.block_of_page(first_page), layout_.block_of_page(last_page));
    SLUICE_ASSERT(ended);
}

std::optional<object::run> object::drop_damaged(std::size_t page, std::uint64_t expected) {
    const mutex_lock lock(mutex_);
    const auto p = table_.at(page);
    if (!p.readable() || p.verified || table_.checksum(page) != expected) {
        return run{};
    }
    // Parts of a page that was partial once may be on their way to a client.
    if (table_.pinned(layout_.block_of_page(page))) {
        return std::nullopt;
    }
    mark_dirty();
    return begin_punch(page, page, true);
}

namespace {

/// The blocks that a reader comes to soon: [first, end).
struct path {
    std::size_t first;
    std::size_t end;
};

/// How far blocks, asked for in ascending order, are ahead of the nearest reader before them.
class distances {
public:
    explicit distances(std::vector<path> paths)
        : paths_(std::move(paths)) {
        std::sort(paths_.begin(), paths_.end(), [](const path& a, const path& b) { return a.first < b.first; });
    }
    std::uint32_t to(std::size_t block) {
        for (; next_ < paths_.size() && paths_[next_].first <= block; ++next_) {
            nearest_ = paths_[next_].first;
            end_ = std::max(end_, paths_[next_].end);
        }
        return block < end_ ? static_cast<std::uint32_t>(block - nearest_) + 1 : 0;
    }

private:
    std::vector<path> paths_;
    std::size_t next_{0};
    std::size_t nearest_{0};
    std::size_t end_{0};
};

} // namespace

void object::add_evictable(std::size_t owner, std::vector<eviction_candidate>& out) {
    for (std::size_t block = 0; block < layout_.blocks();) {
        const mutex_lock lock(mutex_);
        std::vector<path> paths;
        for (const auto* r : fills_.readers()) {
            const std::uint64_t to = std::min(r->last, r->position + soon);
            if (!r->suspended && r->position <= to) {
                paths.push_back({static_cast<std::size_t>(r->position / layout_.block_size),
                                 static_cast<std::size_t>(to / layout_.block_size) + 1});
            }
        }
        distances ahead(std::move(paths));
        for (std::size_t looked_at = 0; looked_at < blocks_a_step; ++looked_at) {
            const auto held = table_.next_held(block);
            if (!held) {
                return;
            }
            bool any = false;
            for (auto page = *held * layout_.pages_per_block(); page <= table_.last_page_of(*held) && !any; ++page) {
                const auto p = table_.at(page);
                any = !p.punching && (p.state == stored::present || p.state == stored::partial);
            }
            if (any && !in_use(*held)) {
                out.push_back({table_.last_use(*held), owner, *held, ahead.to(*held)});
            }
            block = *held + 1;
        }
    }
}

object::run object::begin_eviction(std::size_t block) {
    const mutex_lock lock(mutex_);
    const std::size_t first = block * layout_.pages_per_block();
    const std::size_t last = table_.last_page_of(block);
    for (std::size_t page = first; page <= last; ++page) {
        const auto state = state_of(page);
        if (state != page_state::absent && state != page_state::present && state != page_state::partial) {
            return {}; // a fill or another punch is at work in it
        }
    }
    if (!table_.holds(block) || in_use(block) || retired()) {
        return {};
    }
    mark_dirty();
    return begin_punch(first, last);
}

object::run object::begin_punch(std::size_t first_page, std::size_t last_page, bool damaged) {
    special_pages::punch_job job{last_page, 0, damaged};
    for_each_held(first_page, last_page, [&](std::size_t page) REQUIRES(mutex_) {
        const auto before = table_.at(page);
        SLUICE_ASSERT(!before.punching);
        job.charged += layout_.page_charge(page);
        table_.set(page, {before.state, true, false});
    });
    fills_.lose_beginnings(first_page, last_page);
    special_.begin_punch(first_page, job);
    // Page-aligned past the object's end: a hole that ends inside a page of the page cache would zero bytes in flight.
    return {static_cast<std::uint64_t>(first_page) * page_size,
            (static_cast<std::uint64_t>(last_page) + 1) * page_size};
}

std::uint64_t object::punched(run r, bool done) {
    const mutex_lock lock(mutex_);
    const auto first_page = static_cast<std::size_t>(r.begin / page_size);
    const auto* found = r.empty() ? nullptr : special_.punch_from(first_page);
    if (found == nullptr) {
        return 0;
    }
    const auto job = *found;
    const std::uint64_t released = done ? job.charged : 0;
    SLUICE_ASSERT(charged() >= released);
    for_each_held(first_page, job.last, [&](std::size_t page) REQUIRES(mutex_) {
        SLUICE_ASSERT(table_.at(page).punching);
        const auto before = table_.at(page).state;
        if (done) {
            table_.set(page, {});
            special_.erase_partial(page);
            return;
        }
        // It still takes its bytes on the disk. What was published of it must not change; the rest may be written.
        table_.set(page, {stored::partial});
        if (before == stored::present && !job.damaged) {
            special_.set_partial(page, {static_cast<std::uint64_t>(page) * page_size, layout_.page_end(page)});
        } else {
            special_.keep_partial(page);
        }
    });
    charged_.fetch_sub(released, std::memory_order_relaxed);
    budget_.release(released);
    special_.end_punch(first_page);
    fills_.wake_waiting();
    return released;
}

bool object::idle() {
    const mutex_lock lock(mutex_);
    return !fills_.has_readers() && !fills_.has_fills() && special_.idle();
}

usage object::last_use() {
    const mutex_lock lock(mutex_);
    return last_use_;
}

std::size_t object::blocks_held() {
    const mutex_lock lock(mutex_);
    return table_.held_blocks();
}

} // namespace sluice::cache
