#include <sluice/cache/object.hpp>

#include <algorithm>
#include <limits>

namespace sluice::cache {

namespace {

/// The most that one span gives out, and pins: a slow client holds no more than this against eviction.
constexpr std::uint64_t longest_span = 4ULL << 20U;

std::int64_t steady_now() {
    return steady_clock::now().time_since_epoch().count();
}

} // namespace

std::atomic<std::uint32_t> object::tick{1};

object::object(object_info info, std::uint64_t block_size, std::string file_name, budget& b)
    : info_(std::move(info))
    , shape_{info_.size, block_size}
    , file_name_(std::move(file_name))
    , budget_(b)
    , pages_(shape_.pages(), page_state::absent)
    , verified_(shape_.pages())
    , checksums_(shape_.pages())
    , pins_(shape_.blocks())
    , block_used_(shape_.blocks())
    , used_(tick.load()) {
    checked_now();
}

object::~object() {
    // Its files are unlinked or the process ends: either way nothing of it is on the disk on our account any more.
    budget_.release(charged() + metadata_bytes_);
}

// Readers

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
        return {span::kind::failed, position, last_, true, waited->failure};
    }
    span s = object_->look(*this);
    if (waited && s.what == span::kind::readable) {
        s.from_fill = true;
    }
    saw_fill = saw_fill || s.from_fill;
    return s;
}

span object::look(reader& r) {
    const auto page = static_cast<std::size_t>(r.position_ / page_size);
    switch (pages_[page]) {
    case page_state::present:
        return readable(r);
    case page_state::claimed:
    case page_state::filling: {
        const auto f = fill_at(r.position_);
        if (f && f->published > r.position_) {
            return readable(r);
        }
        r.begin_wait();
        if (f) {
            r.waits_for_ = f;
            // The first byte wakes at once; later ones by steps, since a wake-up costs more than a small send saves.
            r.wanted_ = r.saw_fill ? std::min({r.position_ + wake_step, r.last_ + 1, f->end}) : r.position_ + 1;
        }
        return {span::kind::wait, r.position_, r.last_};
    }
    case page_state::punching:
        r.begin_wait();
        return {span::kind::wait, r.position_, r.last_};
    case page_state::absent:
    case page_state::torn:
        break;
    }
    const auto last_page = static_cast<std::size_t>(r.last_ / page_size);
    std::size_t end = page;
    while (end < last_page && (pages_[end + 1] == page_state::absent || pages_[end + 1] == page_state::torn)) {
        ++end;
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
        const auto f = pages_[page] == page_state::filling ? fill_at(end) : nullptr;
        if (f) {
            end = std::max(end, std::min(f->published, shape_.page_end(page)));
        }
        break;
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
    return {span::kind::readable, r.position_, end - 1, fill_at(r.position_) != nullptr};
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
    for (const auto& f : fills_) {
        if (f->begin <= offset && offset < f->end && owns(*f, static_cast<std::size_t>(offset / page_size))) {
            return f;
        }
    }
    return nullptr;
}

bool object::owns(const fill& f, std::size_t page) noexcept {
    // The page in which it began in the middle is never recorded, and so is its own until it ends.
    const bool torn_beginning = f.begin % page_size != 0 && page == f.begin / page_size;
    return page >= f.published / page_size || torn_beginning;
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

// Fills

std::shared_ptr<fill> object::claim(std::uint64_t first, std::uint64_t last, bool begin_inside_page) {
    const std::lock_guard lock(mutex_);
    const auto first_page = static_cast<std::size_t>(first / page_size);
    const auto last_page = static_cast<std::size_t>(std::min(last, info_.size - 1) / page_size);
    const auto free = [this](std::size_t page) {
        return pages_[page] == page_state::absent || pages_[page] == page_state::torn;
    };
    if (!free(first_page)) {
        return nullptr;
    }
    std::size_t page = first_page;
    while (page <= last_page && free(page)) {
        pages_[page++] = page_state::claimed;
    }
    auto f = std::make_shared<fill>();
    f->begin = begin_inside_page ? first : static_cast<std::uint64_t>(first_page) * page_size;
    f->end = shape_.page_end(page - 1);
    f->published = f->begin;
    fills_.push_back(f);
    tick.fetch_add(1, std::memory_order_relaxed);
    return f;
}

object::need object::needed(const fill& f, std::uint64_t length) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t last_byte = std::min(f.published + length, f.end) - 1;
    const std::uint64_t block_end = (last_byte / shape_.block_size + 1) * shape_.block_size;
    const auto last_page = static_cast<std::size_t>((std::min(block_end, f.end) - 1) / page_size);
    need n;
    for (auto page = static_cast<std::size_t>(f.published / page_size); page <= last_page; ++page) {
        if (pages_[page] == page_state::claimed) {
            n.first_page = n.pages == 0 ? page : n.first_page;
            ++n.pages;
            n.bytes += torn_.contains(page) ? 0 : shape_.page_charge(page);
        }
    }
    return n;
}

void object::reserved(const need& n) {
    const std::lock_guard lock(mutex_);
    for (std::size_t page = n.first_page; page < n.first_page + n.pages; ++page) {
        pages_[page] = page_state::filling;
    }
    charged_.fetch_add(n.bytes, std::memory_order_relaxed);
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> object::writable(std::uint64_t begin, std::uint64_t end) {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
    std::uint64_t at = begin;
    for (auto it = torn_.lower_bound(static_cast<std::size_t>(begin / page_size));
         it != torn_.end() && static_cast<std::uint64_t>(it->first) * page_size < end; ++it) {
        for (const auto& [from, to] : it->second) {
            if (from > at) {
                parts.emplace_back(at, std::min(from, end));
            }
            at = std::max(at, to);
        }
    }
    if (at < end) {
        parts.emplace_back(at, end);
    }
    std::erase_if(parts, [](const auto& part) { return part.first >= part.second; });
    return parts;
}

void object::publish(fill& f, std::uint64_t length, const std::vector<std::pair<std::size_t, std::uint64_t>>& sums) {
    const std::lock_guard lock(mutex_);
    f.published += length;
    for (const auto& [page, sum] : sums) {
        pages_[page] = page_state::present;
        checksums_[page] = sum;
        // Where parts of it were written by an earlier fill, what lies on the disk is checked before it is believed.
        verified_[page] = torn_.erase(page) == 0;
        block_used_[shape_.block_of_page(page)] = tick.load(std::memory_order_relaxed);
    }
    if (!sums.empty()) {
        dirty_.store(true);
    }
    for (const auto* r : readers_) {
        if (r->waits_ && r->waits_for_.get() == &f && f.published >= r->wanted_) {
            r->wake_->notify();
        }
    }
}

void object::flush(const fill& f) {
    const std::lock_guard lock(mutex_);
    for (const auto* r : readers_) {
        if (r->waits_ && r->waits_for_.get() == &f && f.published > r->position_) {
            r->wake_->notify();
        }
    }
}

void object::trim(fill& f, std::uint64_t end) {
    const std::lock_guard lock(mutex_);
    const auto keep = static_cast<std::size_t>((end + page_size - 1) / page_size);
    for (std::size_t page = keep; page < static_cast<std::size_t>((f.end + page_size - 1) / page_size); ++page) {
        if (pages_[page] == page_state::claimed) {
            pages_[page] = torn_.contains(page) ? page_state::torn : page_state::absent;
        }
    }
    f.end = std::min(f.end, end);
    wake_waiting();
}

std::vector<object::run> object::end_fill(fill& f, std::optional<error> failure) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(f.ended, true)) {
        return {};
    }
    f.failure = std::move(failure);
    std::vector<run> runs;
    std::optional<std::size_t> unwritten;
    const auto first = static_cast<std::size_t>(f.begin / page_size);
    const auto end = static_cast<std::size_t>((f.end + page_size - 1) / page_size);
    for (std::size_t page = first; page <= end; ++page) {
        bool give_back = false;
        if (page < end && owns(f, page) &&
            (pages_[page] == page_state::claimed || pages_[page] == page_state::filling)) {
            const std::uint64_t from = std::max(f.begin, static_cast<std::uint64_t>(page) * page_size);
            const std::uint64_t to = std::min(f.published, shape_.page_end(page));
            if (to > from) {
                auto& intervals = torn_[page];
                intervals.emplace_back(from, to);
                std::sort(intervals.begin(), intervals.end());
            }
            if (torn_.contains(page)) {
                pages_[page] = page_state::torn;
            } else if (pages_[page] == page_state::claimed) {
                pages_[page] = page_state::absent;
            } else {
                give_back = true;
            }
        }
        if (give_back && !unwritten) {
            unwritten = page;
        } else if (!give_back && unwritten) {
            runs.push_back(begin_punch(*unwritten, page - 1));
            unwritten.reset();
        }
    }
    std::erase_if(fills_, [&f](const auto& each) { return each.get() == &f; });
    wake_waiting();
    return runs;
}

object::demand object::demand_for(const fill& f, std::uint64_t window) {
    const std::lock_guard lock(mutex_);
    demand d;
    for (const auto* r : readers_) {
        // Twice the window: the last write before a pause may end beyond it, and that must not end the transfer.
        // And to the end of the last page wanted: a page that is left in its middle is nobody's any more.
        const std::uint64_t wanted_to = shape_.page_end(static_cast<std::size_t>(r->last_ / page_size));
        if (r->position_ < f.end && wanted_to > f.published && f.published <= r->position_ + 2 * window) {
            d.wanted = true;
            d.most_advanced = std::max(d.most_advanced, r->position_);
        }
    }
    return d;
}

bool object::anyone_in(std::uint64_t first, std::uint64_t last) {
    const std::lock_guard lock(mutex_);
    return std::any_of(readers_.begin(), readers_.end(),
                       [=](const reader* r) { return r->position_ >= first && r->position_ <= last; });
}

void object::await_demand(fill& f, std::shared_ptr<event> producer) {
    const std::lock_guard lock(mutex_);
    f.producer = std::move(producer);
    f.producer_waits = true;
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

object::run object::gap(std::uint64_t first, std::uint64_t last) {
    const std::lock_guard lock(mutex_);
    const auto last_page = static_cast<std::size_t>(last / page_size);
    const auto missing = [this](std::size_t page) {
        return pages_[page] == page_state::absent || pages_[page] == page_state::torn;
    };
    auto page = static_cast<std::size_t>(first / page_size);
    while (page <= last_page && !missing(page)) {
        ++page;
    }
    if (page > last_page) {
        return {};
    }
    auto end = page;
    while (end < last_page && missing(end + 1)) {
        ++end;
    }
    return {static_cast<std::uint64_t>(page) * page_size, shape_.page_end(end)};
}

// Verification and eviction

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

object::run object::drop_damaged(std::size_t page) {
    const std::lock_guard lock(mutex_);
    if (pages_[page] != page_state::present || verified_[page]) {
        return {};
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

void object::evictable(std::vector<std::pair<std::uint32_t, std::size_t>>& out) {
    const std::lock_guard lock(mutex_);
    for (std::size_t block = 0; block < pins_.size(); ++block) {
        bool any = false;
        for (std::size_t page = block * shape_.pages_per_block(); page <= last_page_of_block(block) && !any; ++page) {
            any = held(page);
        }
        if (any && pins_[block] == 0) {
            out.emplace_back(block_used_[block], block);
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
    if (!any || pins_[block] != 0 || retired()) {
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
    // Page-aligned past the object's end: a hole that ends inside a page of the page cache would zero bytes in flight.
    job.where = {static_cast<std::uint64_t>(first_page) * page_size,
                 (static_cast<std::uint64_t>(last_page) + 1) * page_size};
    punching_.push_back(std::move(job));
    return punching_.back().where;
}

void object::punched(run r, bool given_back) {
    const std::lock_guard lock(mutex_);
    const auto it = std::find_if(punching_.begin(), punching_.end(),
                                 [&r](const auto& each) { return each.where.begin == r.begin; });
    if (it == punching_.end()) {
        return;
    }
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
    if (given_back) {
        charged_.fetch_sub(it->charged, std::memory_order_relaxed);
        budget_.release(it->charged);
    }
    punching_.erase(it);
    wake_waiting();
}

bool object::idle_and_empty() {
    const std::lock_guard lock(mutex_);
    return readers_.empty() && fills_.empty() && punching_.empty() && charged() == 0;
}

std::size_t object::blocks_held() {
    std::vector<std::pair<std::uint32_t, std::size_t>> blocks;
    evictable(blocks);
    return blocks.size();
}

// Files and metadata

std::shared_ptr<file> object::open_file() {
    const std::lock_guard lock(mutex_);
    return file_;
}

void object::set_file(std::shared_ptr<file> f) {
    const std::lock_guard lock(mutex_);
    file_ = std::move(f);
}

bool object::close_if_idle() {
    const std::lock_guard lock(mutex_);
    if (!file_ || retired() || !readers_.empty() || !fills_.empty()) {
        return false;
    }
    file_.reset();
    return true;
}

metadata object::snapshot() {
    const std::lock_guard lock(mutex_);
    metadata m;
    m.info = info_;
    m.checked =
        std::chrono::system_clock::time_point(std::chrono::milliseconds(checked_wall_.load(std::memory_order_relaxed)));
    m.present.resize(pages_.size());
    for (std::size_t page = 0; page < pages_.size(); ++page) {
        m.present[page] = pages_[page] == page_state::present;
    }
    m.checksums = checksums_;
    return m;
}

void object::load_pages(const metadata& m, std::uint64_t data_bytes, std::uint64_t metadata_bytes) {
    const std::lock_guard lock(mutex_);
    std::uint64_t bytes = 0;
    for (std::size_t page = 0; page < pages_.size(); ++page) {
        if (m.present[page]) {
            pages_[page] = page_state::present;
            checksums_[page] = m.checksums[page];
            bytes += shape_.page_charge(page);
        }
    }
    // The census charged what lies on the disk; from here on this object answers for what it holds of it.
    budget_.release(data_bytes + metadata_bytes);
    budget_.charge(bytes + metadata_bytes);
    charged_.store(bytes, std::memory_order_relaxed);
    metadata_bytes_ = metadata_bytes;
    using namespace std::chrono;
    const auto age = system_clock::now() - m.checked;
    const auto steady = age.count() < 0 ? steady_clock::now() - hours(24 * 365 * 10)
                                        : steady_clock::now() - duration_cast<steady_clock::duration>(age);
    checked_steady_.store(steady.time_since_epoch().count(), std::memory_order_relaxed);
    checked_wall_.store(duration_cast<milliseconds>(m.checked.time_since_epoch()).count(), std::memory_order_relaxed);
    dirty_.store(false);
}

std::vector<object::run> object::unrecorded(std::uint64_t data_bytes) {
    const std::lock_guard lock(mutex_);
    std::vector<run> runs;
    for (std::size_t page = 0; data_bytes > charged() && page < pages_.size(); ++page) {
        if (pages_[page] == page_state::absent) {
            std::size_t last = page;
            while (last + 1 < pages_.size() && pages_[last + 1] == page_state::absent) {
                ++last;
            }
            runs.push_back(begin_punch(page, last));
            page = last;
        }
    }
    return runs;
}

bool object::charge_metadata(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > metadata_bytes_ && !budget_.try_charge(bytes - metadata_bytes_)) {
        return false;
    }
    if (bytes < metadata_bytes_) {
        budget_.release(metadata_bytes_ - bytes);
    }
    metadata_bytes_ = bytes;
    return true;
}

void object::checked_now() noexcept {
    checked_steady_.store(steady_now(), std::memory_order_relaxed);
    checked_wall_.store(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count(),
        std::memory_order_relaxed);
    dirty_.store(true);
}

steady_clock::time_point object::checked() const noexcept {
    return steady_clock::time_point(steady_clock::duration(checked_steady_.load(std::memory_order_relaxed)));
}

} // namespace sluice::cache
