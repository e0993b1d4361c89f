// Who writes which pages: claims, what is published of them, and what is left where a fill ends early.
#include <sluice/base/assert.hpp>
#include <sluice/cache/object.hpp>

#include <algorithm>

namespace sluice::cache {

using stored = block_table::stored;

std::shared_ptr<fill> object::claim(std::uint64_t first, std::uint64_t last, bool begin_inside_page) {
    const mutex_lock lock(mutex_);
    const auto first_page = static_cast<std::size_t>(first / page_size);
    const auto last_page = static_cast<std::size_t>(std::min(last, layout_.size - 1) / page_size);
    if (!is_missing(first_page)) {
        return nullptr;
    }
    auto f = fills_.claim(begin_inside_page ? first : static_cast<std::uint64_t>(first_page) * page_size,
                          layout_.page_end(next_not_missing(first_page, std::max(first_page, last_page)) - 1));
    policy_.fill_begins();
    return f;
}

std::shared_ptr<fill> object::take_over(std::uint64_t first, std::uint64_t last, bool to_last_only) {
    const mutex_lock lock(mutex_);
    const auto page = static_cast<std::size_t>(first / page_size);
    const auto f = state_of(page) == page_state::punching ? nullptr : fills_.fill_at(first);
    if (!f || !fill_table::can_be_split(*f, page)) {
        return nullptr;
    }
    const std::uint64_t end = f->end;
    const auto behind = static_cast<std::size_t>((end + page_size - 1) / page_size);
    const auto last_page = static_cast<std::size_t>(std::min(last, layout_.size - 1) / page_size);
    if (to_last_only && behind > last_page + 1) {
        return nullptr;
    }
    auto taken =
        fills_.split(*f, page, behind > last_page ? end : layout_.page_end(next_not_missing(behind, last_page) - 1));
    policy_.fill_begins();
    fills_.wake_waiting_for(*f); // now they wait for this one
    return taken;
}

std::uint64_t object::begin_write(fill& f, std::uint64_t length) {
    const mutex_lock lock(mutex_);
    const std::uint64_t own = std::min<std::uint64_t>(length, f.end - f.published);
    f.writing_to = f.published + own;
    return own;
}

void object::keep_whole(fill& f) {
    const mutex_lock lock(mutex_);
    f.is_whole_response = true;
}

void object::expect(fill& f, steady_clock::time_point first_byte, double byte_time) {
    const mutex_lock lock(mutex_);
    f.first_byte = first_byte;
    f.byte_time = byte_time;
}

reservation object::reservation_for(const fill& f, std::uint64_t length) {
    const mutex_lock lock(mutex_);
    const std::uint64_t f_end = f.end;
    const std::uint64_t last_byte = std::min(f.published + length, f_end) - 1;
    const std::uint64_t block_end = (last_byte / layout_.block_size + 1) * layout_.block_size;
    const auto last_page = static_cast<std::size_t>((std::min(block_end, f_end) - 1) / page_size);
    reservation n;
    std::size_t new_blocks = 0;
    for (auto page = static_cast<std::size_t>(f.published / page_size); page <= last_page; ++page) {
        const auto state = table_.at(page).state;
        if (state != stored::absent && state != stored::partial) {
            continue; // reserved already
        }
        const std::size_t block = layout_.block_of_page(page);
        new_blocks += (n.pages == 0 || page % layout_.pages_per_block() == 0) && !table_.holds(block) ? 1 : 0;
        n.first_page = n.pages == 0 ? page : n.first_page;
        ++n.pages;
        n.bytes += special_.is_partial(page) ? 0 : layout_.page_charge(page);
    }
    const std::uint64_t charge = new_blocks == 0 ? 0 : metadata_charge_for(table_.held_blocks() + new_blocks);
    n.metadata = charge > metadata_charge() ? charge - metadata_charge() : 0;
    return n;
}

void object::reserved(const fill& f, reservation& n) {
    const mutex_lock lock(mutex_);
    const auto own_end = static_cast<std::size_t>((f.end + page_size - 1) / page_size);
    n.pages = std::min(n.pages, std::max(own_end, n.first_page) - n.first_page);
    std::uint64_t bytes = 0;
    for (std::size_t page = n.first_page; page < n.first_page + n.pages; ++page) {
        if (state_of(page) != page_state::claimed) {
            continue; // a fill that took it over, and gave it back, has reserved it
        }
        bytes += special_.is_partial(page) ? 0 : layout_.page_charge(page);
        table_.set(page, {stored::filling});
    }
    SLUICE_ASSERT(bytes <= n.bytes);
    budget_.release(n.bytes - bytes);
    n.bytes = bytes;
    charged_.fetch_add(n.bytes, std::memory_order_relaxed);
    metadata_charge_.fetch_add(n.metadata, std::memory_order_relaxed);
    const std::uint64_t charge = metadata_charge_for(table_.held_blocks());
    if (charge > metadata_charge()) {
        // Several fills counted on the same bytes: a unit, out of what is kept for the directory.
        budget_.charge(charge - metadata_charge());
        metadata_charge_.store(charge, std::memory_order_relaxed);
    }
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> object::writable(std::uint64_t begin, std::uint64_t end) {
    const mutex_lock lock(mutex_);
    return special_.unpublished(begin, end);
}

void object::publish(fill& f, std::uint64_t length, const std::vector<std::pair<std::size_t, std::uint64_t>>& sums) {
    const mutex_lock lock(mutex_);
    const auto first_page = static_cast<std::size_t>(f.begin / page_size);
    const bool in_beginning = f.begin % page_size != 0 && fills_.owns(f, first_page);
    f.published += length;
    f.cut.reset(); // from here on it can bring what it took over
    SLUICE_ASSERT(!f.ended && f.published <= f.end);
    if (in_beginning && !fills_.owns(f, first_page)) {
        // What lies before the fill's beginning in that page is for whoever wants it, from here on.
        keep_partial(first_page, f.begin, layout_.page_end(first_page));
        fills_.wake_waiting();
    }
    for (const auto& [page, sum] : sums) {
        // Where parts of it were written by an earlier fill, what lies on the disk is checked before it is believed.
        SLUICE_ASSERT(table_.at(page).state == stored::filling && !table_.at(page).punching);
        const bool was_partial = special_.erase_partial(page);
        table_.set(page, {stored::present, false, !was_partial});
        table_.set_checksum(page, sum);
        table_.touch(layout_.block_of_page(page), policy_);
    }
    if (!sums.empty()) {
        mark_dirty();
    }
    fills_.wake_published(f);
}

void object::flush(const fill& f) {
    const mutex_lock lock(mutex_);
    fills_.wake_behind(f);
}

void object::trim(fill& f, std::uint64_t end) {
    const mutex_lock lock(mutex_);
    f.end = std::min<std::uint64_t>(f.end, end);
    SLUICE_ASSERT(f.published <= f.end);
    fills_.wake_waiting_for(f);
}

std::vector<object::run> object::end_fill(fill& f, result<void> outcome) {
    const mutex_lock lock(mutex_);
    if (std::exchange(f.ended, true)) {
        return {};
    }
    SLUICE_ASSERT(f.published <= f.end);
    // Readers waiting for returned pages wait for the original fill again.
    f.outcome = fill_table::give_back(f) ? error{errc::canceled, error_source::internal, true} : std::move(outcome);
    std::vector<std::pair<std::size_t, std::size_t>> unwritten;
    const auto end = static_cast<std::size_t>((f.end + page_size - 1) / page_size);
    auto page = static_cast<std::size_t>(f.published / page_size);
    // What was never reserved is no more than claimed, which ends with the fill.
    for (auto block = table_.next_held(layout_.block_of_page(page)); block; block = table_.next_held(*block + 1)) {
        page = std::max(page, *block * layout_.pages_per_block());
        if (page >= end) {
            break;
        }
        for (const auto block_end = std::min(end, table_.last_page_of(*block) + 1); page < block_end; ++page) {
            if (table_.at(page).state != stored::filling || !fills_.owns(f, page)) {
                continue;
            }
            const std::uint64_t from = std::max(f.begin, static_cast<std::uint64_t>(page) * page_size);
            const std::uint64_t to = std::min(f.published, layout_.page_end(page));
            if (to > from) {
                keep_partial(page, from, to);
            } else if (special_.is_partial(page)) {
                table_.set(page, {stored::partial});
            } else if (!unwritten.empty() && unwritten.back().second + 1 == page) {
                unwritten.back().second = page;
            } else {
                unwritten.emplace_back(page, page);
            }
        }
    }
    std::vector<run> runs;
    runs.reserve(unwritten.size());
    for (const auto& [from, to] : unwritten) {
        runs.push_back(begin_punch(from, to));
    }
    fills_.remove(f);
    fills_.wake_waiting_for(f);
    return runs;
}

void object::keep_partial(std::size_t page, std::uint64_t from, std::uint64_t to) {
    SLUICE_ASSERT(table_.at(page).state == stored::filling && from < to && to <= layout_.page_end(page));
    table_.set(page, {stored::partial});
    special_.add_partial(page, from, to);
}

fill_demand object::demand_for(const fill& f, std::uint64_t window) {
    const mutex_lock lock(mutex_);
    return fills_.demand_for(f, window);
}

bool object::has_reader_in(std::uint64_t first, std::uint64_t last) {
    const mutex_lock lock(mutex_);
    return fills_.has_reader_in(first, last);
}

void object::await_demand(fill& f, std::shared_ptr<async_event> producer) {
    const mutex_lock lock(mutex_);
    f.producer = std::move(producer);
    f.producer_waits = true;
}

object::run object::gap(std::uint64_t first, std::uint64_t last) {
    const mutex_lock lock(mutex_);
    const auto last_page = static_cast<std::size_t>(last / page_size);
    auto page = static_cast<std::size_t>(first / page_size);
    while (page <= last_page && !is_missing(page)) {
        page = std::max(page + 1, table_.next_unreadable(page, last_page));
    }
    if (page > last_page) {
        return {};
    }
    const std::size_t end = next_not_missing(page, last_page) - 1;
    if (grows_soon(page, end, last_page)) {
        return {};
    }
    return {static_cast<std::uint64_t>(page) * page_size, layout_.page_end(end)};
}

bool object::grows_soon(std::size_t first, std::size_t end, std::size_t last) const {
    return end < last && state_of(end + 1) == page_state::punching && end - first + 1 < layout_.pages_per_block();
}

} // namespace sluice::cache
