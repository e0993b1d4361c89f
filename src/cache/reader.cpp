// What a reader may have next: spans, pins, and who is woken.
#include <sluice/cache/object.hpp>

#include <algorithm>

namespace sluice::cache {

namespace {

/// The most that one span gives out, and pins: a slow client holds no more than this against eviction.
constexpr std::uint64_t longest_span = 4ULL << 20U;

} // namespace

reader::reader(std::shared_ptr<object> o, executor ex, std::uint64_t first, std::uint64_t last)
    : object_(std::move(o))
    , executor_(ex)
    , position_(first)
    , last_(last) {
    const std::lock_guard lock(object_->mutex_);
    object_->readers_.push_back(this);
    object_->used_.store(object::tick.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

reader::~reader() {
    const std::lock_guard lock(object_->mutex_);
    object_->unpin(*this);
    std::erase(object_->readers_, this);
    object_->wake_producers();
}

void reader::begin_wait() {
    waits_ = true;
    if (!wake_) {
        wake_ = std::make_shared<event>(executor_);
    }
}

void reader::release() {
    const std::lock_guard lock(object_->mutex_);
    object_->unpin(*this);
}

span reader::next(std::uint64_t position) {
    const std::lock_guard lock(object_->mutex_);
    object_->unpin(*this);
    position_ = position;
    object_->wake_producers();
    const auto waited = std::exchange(waits_for_, nullptr);
    waits_ = false;
    if (waited && waited->failure && waited->failure->code != errc::canceled && waited->published <= position) {
        return {span::kind::failed, position, last_, waited->failure};
    }
    span s = object_->look(*this);
    if (s.what == span::kind::readable && (waited || object_->fill_at(position))) {
        saw_fill_ = true;
    }
    return s;
}

span object::look(reader& r) {
    const auto page = static_cast<std::size_t>(r.position_ / page_size);
    const page_state state = pages_[page];
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
    std::size_t end = page;
    while (end < last_page && is_missing(end + 1)) {
        ++end;
    }
    // Behind the page in which a fill broke lies what it had reserved, which is being given back. That takes less than
    // a request to the origin, and one request can then have all of it.
    if (end < last_page && pages_[end + 1] == page_state::punching && end - page + 1 < shape_.pages_per_block()) {
        r.begin_wait();
        return {span::kind::wait, r.position_, r.last_};
    }
    return {span::kind::absent, static_cast<std::uint64_t>(page) * page_size, shape_.page_end(end) - 1};
}

span object::readable(reader& r) {
    const auto first_page = static_cast<std::size_t>(r.position_ / page_size);
    const std::uint64_t limit = std::min(r.last_ + 1, r.position_ + longest_span);
    const bool present = pages_[first_page] == page_state::present;
    if (present && !verified_[first_page]) {
        std::size_t page = first_page;
        while (shape_.page_end(page) < limit && pages_[page + 1] == page_state::present && !verified_[page + 1] &&
               page + 1 < first_page + shape_.pages_per_block()) {
            ++page;
        }
        return {span::kind::unverified, static_cast<std::uint64_t>(first_page) * page_size, shape_.page_end(page) - 1};
    }
    std::uint64_t end = r.position_;
    while (end < limit) {
        const auto page = static_cast<std::size_t>(end / page_size);
        if (pages_[page] == page_state::present && verified_[page]) {
            end = shape_.page_end(page);
            continue;
        }
        const bool under_way = pages_[page] != page_state::present && pages_[page] != page_state::punching;
        const auto f = under_way ? fill_at(end) : nullptr;
        const std::uint64_t to = f ? std::min(f->published, shape_.page_end(page)) : end;
        if (to <= end) {
            break;
        }
        end = to;
    }
    end = std::min(end, limit);
    const auto blocks = std::pair(static_cast<std::size_t>(r.position_ / shape_.block_size),
                                  static_cast<std::size_t>((end - 1) / shape_.block_size));
    const auto now = tick.load(std::memory_order_relaxed);
    for (auto b = blocks.first; b <= blocks.second; ++b) {
        ++pins_[b];
        block_used_[b] = now;
    }
    r.pinned_ = blocks;
    return {span::kind::readable, r.position_, end - 1};
}

void object::unpin(reader& r) {
    if (r.pinned_) {
        for (auto b = r.pinned_->first; b <= r.pinned_->second; ++b) {
            --pins_[b];
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
    return f.published < shape_.page_end(page);
}

bool object::is_missing(std::size_t page) const {
    return pages_[page] == page_state::absent || pages_[page] == page_state::torn;
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
    const std::lock_guard lock(mutex_);
    bool any = false;
    bool all = true;
    for (auto page = static_cast<std::size_t>(first / page_size); page <= static_cast<std::size_t>(last / page_size);
         ++page) {
        const bool here = pages_[page] == page_state::present;
        any = any || here;
        all = all && here;
    }
    return all ? coverage::all : any ? coverage::some : coverage::none;
}

std::vector<bool> object::present_pages(std::uint64_t first, std::uint64_t last) {
    const std::lock_guard lock(mutex_);
    std::vector<bool> present;
    for (auto page = static_cast<std::size_t>(first / page_size); page <= static_cast<std::size_t>(last / page_size);
         ++page) {
        present.push_back(pages_[page] == page_state::present);
    }
    return present;
}

} // namespace sluice::cache
