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
    make_special().checking.emplace_back(layout_.block_of_page(first_page), layout_.block_of_page(last_page));
}

void object::end_check(std::size_t first_page, std::size_t last_page) {
    const mutex_lock lock(mutex_);
    auto& checking = make_special().checking;
    const auto it = std::find(checking.begin(), checking.end(),
                              std::pair(layout_.block_of_page(first_page), layout_.block_of_page(last_page)));
    SLUICE_ASSERT(it != checking.end());
    if (it != checking.end()) {
        checking.erase(it);
    }
    drop_special();
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
    dirty_.store(true);
    return begin_punch(page, page, true);
}

bool object::in_use(std::size_t block) const {
    return table_.pinned(block) || std::ranges::any_of(special().checking, [block](const auto& checked) {
               return checked.first <= block && block <= checked.second;
           });
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
        for (const auto* r : readers_) {
            const std::uint64_t to = std::min(r->last_, r->position_ + soon);
            if (!r->suspended_ && r->position_ <= to) {
                paths.push_back({static_cast<std::size_t>(r->position_ / layout_.block_size),
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
    dirty_.store(true);
    return begin_punch(first, last);
}

object::run object::begin_punch(std::size_t first_page, std::size_t last_page, bool damaged) {
    punch_job job{last_page, 0, damaged};
    for_each_held(first_page, last_page, [&](std::size_t page) REQUIRES(mutex_) {
        const auto before = table_.at(page);
        SLUICE_ASSERT(!before.punching);
        job.charged += layout_.page_charge(page);
        table_.set(page, {before.state, true, false});
    });
    for (const auto& f : fills_) {
        const auto beginning = static_cast<std::size_t>(f->begin / page_size);
        f->beginning_lost = f->beginning_lost || (beginning >= first_page && beginning <= last_page);
    }
    const bool is_new = make_special().punching.emplace(first_page, job).second;
    SLUICE_ASSERT(is_new);
    // Page-aligned past the object's end: a hole that ends inside a page of the page cache would zero bytes in flight.
    return {static_cast<std::uint64_t>(first_page) * page_size,
            (static_cast<std::uint64_t>(last_page) + 1) * page_size};
}

std::uint64_t object::punched(run r, bool done) {
    const mutex_lock lock(mutex_);
    const auto first_page = static_cast<std::size_t>(r.begin / page_size);
    if (r.begin == r.end || !special().punching.contains(first_page)) {
        return 0;
    }
    const auto it = special_->punching.find(first_page);
    const std::uint64_t released = done ? it->second.charged : 0;
    SLUICE_ASSERT(charged() >= released);
    for_each_held(first_page, it->second.last, [&](std::size_t page) REQUIRES(mutex_) {
        SLUICE_ASSERT(table_.at(page).punching);
        const auto before = table_.at(page).state;
        if (done) {
            table_.set(page, {});
            special_->partial.erase(page);
            return;
        }
        // It still takes its bytes on the disk. What was published of it must not change; the rest may be written.
        table_.set(page, {stored::partial});
        auto& published = special_->partial[page];
        if (before == stored::present && !it->second.damaged) {
            published = {{static_cast<std::uint64_t>(page) * page_size, layout_.page_end(page)}};
        }
    });
    charged_.fetch_sub(released, std::memory_order_relaxed);
    budget_.release(released);
    special_->punching.erase(it);
    drop_special();
    wake_waiting();
    return released;
}

bool object::idle() {
    const mutex_lock lock(mutex_);
    return readers_.empty() && fills_.empty() && special().punching.empty() && special().checking.empty();
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
