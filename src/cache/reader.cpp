// What a reader may have next: spans, pins, and who is woken.
#include <sluice/base/assert.hpp>
#include <sluice/cache/object.hpp>

#include <algorithm>

namespace sluice::cache {

namespace {

/// How many bytes one span may have, and pin: a slow client keeps no more than this from being evicted.
constexpr std::uint64_t max_span = 4ULL << 20U;

} // namespace

reader::reader(std::shared_ptr<object> o, executor ex, std::uint64_t first, std::uint64_t last)
    : object_(std::move(o))
    , executor_(ex)
    , position_(first)
    , last_(last) {
    const mutex_lock lock(object_->mutex_);
    object_->readers_.push_back(this);
    object_->policy_.touch(object_->last_use_);
}

reader::~reader() {
    const mutex_lock lock(object_->mutex_);
    object_->unpin(*this);
    const auto left = std::erase(object_->readers_, this);
    SLUICE_ASSERT(left == 1);
    object_->wake_producers();
}

void reader::begin_wait() {
    waits_ = true;
    if (!wake_) {
        wake_ = std::make_shared<async_event>(executor_);
    }
}

void reader::release() {
    SLUICE_ASSERT(thread_.is_this());
    const mutex_lock lock(object_->mutex_);
    object_->unpin(*this);
}

void reader::suspend() {
    SLUICE_ASSERT(thread_.is_this());
    const mutex_lock lock(object_->mutex_);
    object_->unpin(*this);
    suspended_ = true;
    object_->wake_producers();
}

span reader::next(std::uint64_t position) {
    SLUICE_ASSERT(thread_.is_this());
    SLUICE_ASSERT(position <= last_);
    const mutex_lock lock(object_->mutex_);
    object_->unpin(*this);
    position_ = position;
    suspended_ = false;
    object_->wake_producers();
    const auto waited = std::exchange(waits_for_, nullptr);
    waits_ = false;
    if (waited && !waited->outcome && waited->outcome.error().code != errc::canceled && waited->published <= position) {
        return {span::kind::failed, position, last_, waited->outcome};
    }
    span s = object_->look(*this);
    if (s.what == span::kind::readable && (waited || object_->fill_at(position))) {
        saw_fill_ = true;
    }
    return s;
}

span object::look(reader& r) {
    const auto page = static_cast<std::size_t>(r.position_ / page_size);
    const page_state state = state_of(page);
    if (state == page_state::present) {
        return readable(r);
    }
    const auto f = state == page_state::punching ? nullptr : fill_at(r.position_);
    if (f && f->published > r.position_) {
        return readable(r);
    }
    if (!is_missing(page)) {
        r.begin_wait();
        if (f) {
            r.waits_for_ = f;
            // The first byte wakes at once; later ones by steps, since a wake-up costs more than a small send saves.
            r.wanted_ = r.saw_fill_ ? std::min({r.position_ + wake_step, r.last_ + 1, f->end}) : r.position_ + 1;
        }
        return {span::kind::wait, r.position_, r.last_};
    }
    const auto last_page = static_cast<std::size_t>(r.last_ / page_size);
    const std::size_t end = next_not_missing(page, std::max(page, last_page)) - 1;
    // Behind the page in which a fill broke lies what it had reserved, which is being given back. That takes less than
    // a request to the origin, and one request can then have all of it.
    if (end < last_page && state_of(end + 1) == page_state::punching && end - page + 1 < layout_.pages_per_block()) {
        r.begin_wait();
        return {span::kind::wait, r.position_, r.last_};
    }
    return {span::kind::absent, static_cast<std::uint64_t>(page) * page_size, layout_.page_end(end) - 1};
}

span object::readable(reader& r) {
    const auto first_page = static_cast<std::size_t>(r.position_ / page_size);
    const std::uint64_t limit = std::min(r.last_ + 1, r.position_ + max_span);
    const auto unverified = [this](std::size_t page) REQUIRES(mutex_) {
        const auto p = table_.at(page);
        return p.readable() && !p.verified;
    };
    if (unverified(first_page)) {
        std::size_t page = first_page;
        while (layout_.page_end(page) < limit && unverified(page + 1) &&
               page + 1 < first_page + layout_.pages_per_block()) {
            ++page;
        }
        return {span::kind::unverified, static_cast<std::uint64_t>(first_page) * page_size, layout_.page_end(page) - 1};
    }
    std::uint64_t end = r.position_;
    while (end < limit) {
        const auto page = static_cast<std::size_t>(end / page_size);
        const auto p = table_.at(page);
        if (p.readable() && p.verified) {
            end = layout_.page_end(page);
            continue;
        }
        const bool under_way = !p.readable() && state_of(page) != page_state::punching;
        const auto f = under_way ? fill_at(end) : nullptr;
        const std::uint64_t to = f ? std::min(f->published, layout_.page_end(page)) : end;
        if (to <= end) {
            break;
        }
        end = to;
    }
    end = std::min(end, limit);
    SLUICE_ASSERT(end > r.position_ && !r.pinned_);
    const auto blocks = std::pair(static_cast<std::size_t>(r.position_ / layout_.block_size),
                                  static_cast<std::size_t>((end - 1) / layout_.block_size));
    for (auto b = blocks.first; b <= blocks.second; ++b) {
        table_.pin(b, policy_);
    }
    r.pinned_ = blocks;
    return {span::kind::readable, r.position_, end - 1};
}

void object::unpin(reader& r) {
    if (r.pinned_) {
        for (auto b = r.pinned_->first; b <= r.pinned_->second; ++b) {
            table_.unpin(b);
        }
        r.pinned_.reset();
    }
}

std::shared_ptr<fill> object::fill_at(std::uint64_t offset) const {
    const auto page = static_cast<std::size_t>(offset / page_size);
    for (const auto& f : fills_) {
        // The page in which it began in the middle is never recorded, and so is read from the fill until that ends.
        const bool beginning = f->begin % page_size != 0 && page == f->begin / page_size && !f->beginning_lost;
        if (f->begin <= offset && offset < f->end && (owns(*f, page) || beginning)) {
            return f;
        }
    }
    return nullptr;
}

bool object::owns(const fill& f, std::size_t page) const noexcept {
    return f.published < layout_.page_end(page);
}

const std::pair<const std::size_t, object::punch_job>* object::punch_at(std::size_t page) const {
    const auto after = special().punching.upper_bound(page);
    if (after == special().punching.begin() || std::prev(after)->second.last < page) {
        return nullptr;
    }
    return &*std::prev(after);
}

const fill* object::claimed_by(std::size_t page) const {
    for (const auto& f : fills_) {
        if (f->begin / page_size <= page && static_cast<std::uint64_t>(page) * page_size < f->end && owns(*f, page)) {
            return f.get();
        }
    }
    return nullptr;
}

page_state object::state_of(std::size_t page) const {
    const auto p = table_.at(page);
    if (p.punching || punch_at(page) != nullptr) {
        return page_state::punching;
    }
    switch (p.state) {
    case block_table::stored::present:
        return page_state::present;
    case block_table::stored::filling:
        return page_state::filling;
    default:
        break;
    }
    if (claimed_by(page) != nullptr) {
        return page_state::claimed;
    }
    return p.state == block_table::stored::partial ? page_state::partial : page_state::absent;
}

bool object::is_missing(std::size_t page) const {
    const auto state = state_of(page);
    return state == page_state::absent || state == page_state::partial;
}

std::size_t object::next_not_missing(std::size_t first, std::size_t last) const {
    if (punch_at(first) != nullptr) {
        return first;
    }
    std::size_t next = last + 1;
    if (const auto after = special().punching.upper_bound(first); after != special().punching.end()) {
        next = std::min(next, after->first);
    }
    for (const auto& f : fills_) {
        auto begin = static_cast<std::size_t>(f->published / page_size);
        begin += owns(*f, begin) ? 0 : 1;
        const auto end = static_cast<std::size_t>((f->end + page_size - 1) / page_size);
        if (begin < end && end > first) {
            next = std::min(next, std::max(first, begin));
        }
    }
    return next <= first ? first : table_.next_taken(first, next - 1);
}

void object::wake_waiting() {
    for (const auto* r : readers_) {
        if (r->waits_) {
            r->wake_->notify();
        }
    }
}

void object::wake_producers() {
    for (const auto& f : fills_) {
        if (std::exchange(f->producer_waits, false)) {
            f->producer->notify();
        }
    }
}

object::coverage object::covers(std::uint64_t first, std::uint64_t last) {
    const mutex_lock lock(mutex_);
    const auto first_page = static_cast<std::size_t>(first / page_size);
    const auto last_page = static_cast<std::size_t>(last / page_size);
    const std::size_t present_to = table_.next_unreadable(first_page, last_page);
    if (present_to != first_page) {
        return present_to > last_page ? coverage::all : coverage::some;
    }
    return table_.next_readable(first_page, last_page) > last_page ? coverage::none : coverage::some;
}

std::vector<object::run> object::present_runs(std::uint64_t first, std::uint64_t last, std::size_t max_runs) {
    const mutex_lock lock(mutex_);
    std::vector<run> runs;
    const auto last_page = static_cast<std::size_t>(last / page_size);
    auto page = table_.next_readable(static_cast<std::size_t>(first / page_size), last_page);
    while (page <= last_page && runs.size() < max_runs) {
        const std::size_t end = table_.next_unreadable(page, last_page);
        runs.push_back({static_cast<std::uint64_t>(page) * page_size, layout_.page_end(end - 1)});
        page = table_.next_readable(end, last_page);
    }
    return runs;
}

} // namespace sluice::cache
