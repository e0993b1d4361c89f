#include <sluice/base/assert.hpp>
#include <sluice/cache/fill_table.hpp>

#include <algorithm>
#include <utility>

namespace sluice::cache {

std::shared_ptr<fill> fill_table::claim(std::uint64_t begin, std::uint64_t end) {
    auto f = std::make_shared<fill>();
    f->begin = begin;
    f->end = end;
    f->published = begin;
    f->writing_to = begin;
    fills_.push_back(f);
    return f;
}

std::shared_ptr<fill> fill_table::split(fill& f, std::size_t page, std::uint64_t end) {
    SLUICE_ASSERT(can_be_split(f, page) && f.end <= end);
    const std::uint64_t before = f.end;
    f.end = static_cast<std::uint64_t>(page) * page_size;
    auto taken = claim(f.end, end);
    const auto self = std::ranges::find(fills_, &f, &std::shared_ptr<fill>::get);
    taken->cut = self == fills_.end() ? nullptr : *self;
    taken->cut_end = before;
    return taken;
}

bool fill_table::give_back(fill& f) noexcept {
    const auto cut = std::exchange(f.cut, nullptr);
    // One that has come to its end meanwhile may have closed its connection.
    if (!cut || f.published != f.begin || cut->ended || cut->end != f.begin || cut->published >= cut->end) {
        return false;
    }
    cut->end = std::min(f.cut_end, f.end.load());
    f.begin = cut->end;
    f.published = f.begin;
    f.writing_to = f.begin;
    return true;
}

void fill_table::remove(const fill& f) {
    const auto removed = std::erase_if(fills_, [&f](const auto& each) { return each.get() == &f; });
    SLUICE_ASSERT(removed == 1);
}

const fill* fill_table::claimed_by(std::size_t page) const noexcept {
    for (const auto& f : fills_) {
        if (f->begin / page_size <= page && static_cast<std::uint64_t>(page) * page_size < f->end && owns(*f, page)) {
            return f.get();
        }
    }
    return nullptr;
}

std::shared_ptr<fill> fill_table::fill_at(std::uint64_t offset) const {
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

std::size_t fill_table::next_claimed(std::size_t first, std::size_t none) const noexcept {
    std::size_t next = none;
    for (const auto& f : fills_) {
        auto begin = static_cast<std::size_t>(f->published / page_size);
        begin += owns(*f, begin) ? 0 : 1;
        const auto end = static_cast<std::size_t>((f->end + page_size - 1) / page_size);
        if (begin < end && end > first) {
            next = std::min(next, std::max(first, begin));
        }
    }
    return next;
}

void fill_table::lose_beginnings(std::size_t first_page, std::size_t last_page) noexcept {
    for (const auto& f : fills_) {
        const auto beginning = static_cast<std::size_t>(f->begin / page_size);
        f->beginning_lost = f->beginning_lost || (beginning >= first_page && beginning <= last_page);
    }
}

void fill_table::remove(const reader_state& r) {
    const auto removed = std::erase(readers_, &r);
    SLUICE_ASSERT(removed == 1);
}

fill_demand fill_table::demand_for(const fill& f, std::uint64_t window) const noexcept {
    fill_demand d;
    for (const auto* r : readers_) {
        // Twice the window: the last write before a pause may end beyond it, and that must not end the fill.
        // And to the end of the last page wanted: a page that is left in its middle is nobody's any more.
        const std::uint64_t wanted_to = layout_.page_end(static_cast<std::size_t>(r->last / page_size));
        const bool is_near = f.is_whole_response || f.published <= r->position + 2 * window;
        if (!r->suspended && r->position < f.end && wanted_to > f.published && is_near) {
            d.wanted = true;
            d.wanted_to = std::max(d.wanted_to, r->position + std::min(window, r->window));
        }
    }
    return d;
}

bool fill_table::has_reader_in(std::uint64_t first, std::uint64_t last) const noexcept {
    return std::ranges::any_of(
        readers_, [=](const reader_state* r) { return !r->suspended && r->position >= first && r->position <= last; });
}

void fill_table::wake_waiting() const {
    for (const auto* r : readers_) {
        if (r->waits) {
            r->wake->notify();
        }
    }
}

void fill_table::wake_waiting_for(const fill& f) const {
    for (const auto* r : readers_) {
        if (r->waits && (!r->waits_for || r->waits_for.get() == &f)) {
            r->wake->notify();
        }
    }
}

void fill_table::wake_published(const fill& f) const {
    for (const auto* r : readers_) {
        if (r->waits && r->waits_for.get() == &f && f.published >= r->wanted) {
            r->wake->notify();
        }
    }
}

void fill_table::wake_behind(const fill& f) const {
    for (const auto* r : readers_) {
        if (r->waits && r->waits_for.get() == &f && f.published > r->position) {
            r->wake->notify();
        }
    }
}

void fill_table::wake_producers() const {
    for (const auto& f : fills_) {
        if (std::exchange(f->producer_waits, false)) {
            f->producer->notify();
        }
    }
}

} // namespace sluice::cache
