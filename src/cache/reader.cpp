// What a reader may have next: spans, pins, and who is woken.
#include <sluice/base/assert.hpp>
#include <sluice/cache/object.hpp>

#include <algorithm>
#include <new>

namespace sluice::cache {

namespace {

/// How many bytes one span may have, and pin: a slow client keeps no more than this from being evicted.
constexpr std::uint64_t max_span = 4ULL << 20U;

} // namespace

reader::reader(std::shared_ptr<object> o, executor ex, std::uint64_t first, std::uint64_t last)
    : object_(std::move(o))
    , executor_(ex)
    , state_{.position = first, .last = last}
    , first_(first) {
    const mutex_lock lock(object_->mutex_);
    preceding_ = object_->sequences_ ? object_->sequences_->preceding(first) : std::nullopt;
    object_->fills_.add(state_);
    object_->policy_.touch(object_->last_use_);
}

reader::~reader() {
    const mutex_lock lock(object_->mutex_);
    if (sent_) {
        object_->note_sent(first_, state_.last, sent_->first, sent_->second);
    }
    object_->unpin(*this);
    object_->fills_.remove(state_);
    object_->fills_.wake_producers();
}

void reader::begin_wait() {
    state_.waits = true;
    if (!state_.wake) {
        state_.wake = std::make_shared<async_event>(executor_);
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
    state_.suspended = true;
    object_->fills_.wake_producers();
}

span reader::next(std::uint64_t position) {
    SLUICE_ASSERT(thread_.is_this());
    SLUICE_ASSERT(position <= state_.last);
    const mutex_lock lock(object_->mutex_);
    object_->unpin(*this);
    state_.position = position;
    state_.window = window_;
    state_.suspended = false;
    object_->fills_.wake_producers();
    const auto waited = std::exchange(state_.waits_for, nullptr);
    state_.waits = false;
    const bool was_to_bring = waited && waited->published <= position && position < waited->end;
    if (was_to_bring && !waited->outcome && waited->outcome.error().code != errc::canceled) {
        return {span::kind::failed, position, state_.last, waited->outcome};
    }
    span s = object_->look(*this);
    if (s.what == span::kind::readable && (waited || object_->fills_.fill_at(position))) {
        state_.saw_fill = true;
    }
    return s;
}

span object::look(reader& r) {
    const auto page = static_cast<std::size_t>(r.state_.position / page_size);
    const page_state state = state_of(page);
    if (state == page_state::present) {
        return readable(r);
    }
    const auto f = state == page_state::punching ? nullptr : fills_.fill_at(r.state_.position);
    if (f && f->published > r.state_.position) {
        return readable(r);
    }
    if (!is_missing(page)) {
        r.begin_wait();
        if (f) {
            r.state_.waits_for = f;
            // The first byte wakes at once; later ones by steps, since a wake-up costs more than a small send saves.
            r.state_.wanted = r.state_.saw_fill
                                  ? std::min<std::uint64_t>({r.state_.position + wake_step, r.state_.last + 1, f->end})
                                  : r.state_.position + 1;
        }
        span s{span::kind::wait, r.state_.position, r.state_.last};
        if (f && fill_table::can_be_split(*f, page)) {
            s.ahead = {r.state_.position - f->published, f->first_byte, f->byte_time};
        }
        return s;
    }
    const auto last_page = static_cast<std::size_t>(r.state_.last / page_size);
    const std::size_t end = next_not_missing(page, std::max(page, last_page)) - 1;
    if (grows_soon(page, end, last_page)) {
        r.begin_wait();
        return {span::kind::wait, r.state_.position, r.state_.last};
    }
    return {span::kind::absent, static_cast<std::uint64_t>(page) * page_size, layout_.page_end(end) - 1};
}

span object::readable(reader& r) {
    const auto first_page = static_cast<std::size_t>(r.state_.position / page_size);
    const std::uint64_t limit = std::min(r.state_.last + 1, r.state_.position + max_span);
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
    std::uint64_t end = r.state_.position;
    while (end < limit) {
        const auto page = static_cast<std::size_t>(end / page_size);
        const auto p = table_.at(page);
        if (p.readable() && p.verified) {
            end = layout_.page_end(page);
            continue;
        }
        const bool under_way = !p.readable() && state_of(page) != page_state::punching;
        const auto f = under_way ? fills_.fill_at(end) : nullptr;
        const std::uint64_t to = f ? std::min(f->published, layout_.page_end(page)) : end;
        if (to <= end) {
            break;
        }
        end = to;
    }
    end = std::min(end, limit);
    SLUICE_ASSERT(end > r.state_.position && !r.pinned_);
    const auto blocks = std::pair(static_cast<std::size_t>(r.state_.position / layout_.block_size),
                                  static_cast<std::size_t>((end - 1) / layout_.block_size));
    for (auto b = blocks.first; b <= blocks.second; ++b) {
        table_.pin(b, policy_);
    }
    r.pinned_ = blocks;
    return {span::kind::readable, r.state_.position, end - 1};
}

void object::note_sent(std::uint64_t first, std::uint64_t last, steady_clock::time_point began,
                       steady_clock::time_point now) noexcept {
    if (!sequences_) {
        sequences_.reset(new (std::nothrow) sequential_reads); // without memory nothing is foreseen
    }
    if (sequences_) {
        sequences_->sent(first, last, began, now);
    }
}

void object::unpin(reader& r) {
    if (r.pinned_) {
        for (auto b = r.pinned_->first; b <= r.pinned_->second; ++b) {
            table_.unpin(b);
        }
        r.pinned_.reset();
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
