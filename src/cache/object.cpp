#include <sluice/base/assert.hpp>
#include <sluice/cache/object.hpp>

#include <algorithm>

namespace sluice::cache {

namespace {

/// What file systems give.
constexpr std::uint64_t unit = 4096;
/// How much is gone through under one lock.
constexpr std::size_t blocks_a_step = 256;

} // namespace

object::object(object_info info, std::uint64_t block_size, std::uint64_t serial, budget& b, eviction_policy& policy,
               std::uint64_t metadata_charge)
    : object_record(std::move(info), serial)
    , layout_{this->info().size, block_size}
    , budget_(b)
    , policy_(policy)
    , table_(layout_, b.held())
    , metadata_charge_(metadata_charge) {
    policy_.touch(last_use_);
}

object::~object() {
    // Its files are unlinked, or the process ends and the next one charges them. The descriptor first: the bytes are
    // taken until the last close.
    SLUICE_ASSERT(!fills_.has_readers());
    file_.reset();
    budget_.release(charged() + metadata_charge());
}

std::shared_ptr<file> object::open_file() {
    const mutex_lock lock(mutex_);
    return file_;
}

void object::set_file(std::shared_ptr<file> f) {
    const mutex_lock lock(mutex_);
    file_ = std::move(f);
}

bool object::close_if_idle() {
    const mutex_lock lock(mutex_);
    if (!file_ || retired() || fills_.has_readers() || fills_.has_fills()) {
        return false;
    }
    file_.reset();
    sequences_.reset();
    return true;
}

metadata object::snapshot() {
    metadata m;
    m.info = info();
    m.must_revalidate = must_revalidate();
    m.checked = validation().checked_wall();
    // What changes between two steps is seen by the next snapshot, and a page that went is not believed: its checksum
    // does not fit a hole.
    for (std::size_t block = 0; block < layout_.blocks();) {
        const mutex_lock lock(mutex_);
        block = add_runs(m, block, blocks_a_step);
    }
    const mutex_lock lock(mutex_);
    m.info.purge_tags = joined_tags();
    return m;
}

/// Adds what of the next `blocks` held ones from `block` on is present; gives the one to go on with.
std::size_t object::add_runs(metadata& m, std::size_t block, std::size_t blocks) const {
    for (; blocks > 0; --blocks) {
        const auto held = table_.next_held(block);
        if (!held) {
            return layout_.blocks();
        }
        for (auto page = *held * layout_.pages_per_block(); page <= table_.last_page_of(*held); ++page) {
            if (table_.at(page).readable()) {
                m.add(page, table_.checksum(page));
            }
        }
        block = *held + 1;
    }
    return block;
}

std::uint64_t object::metadata_charge_for(std::size_t blocks) const noexcept {
    return max_metadata_charge(info(), blocks, layout_.pages_per_block());
}

void object::metadata_written(std::uint64_t bytes) {
    const mutex_lock lock(mutex_);
    const std::uint64_t enough = std::max(bytes + unit, metadata_charge_for(table_.held_blocks()));
    const std::uint64_t charge = metadata_charge();
    if (charge > enough) {
        metadata_charge_.store(enough, std::memory_order_relaxed);
        budget_.release(charge - enough);
    }
}

void object::load_pages(const metadata& m, std::uint64_t data_bytes, std::uint64_t metadata_bytes) {
    const mutex_lock lock(mutex_);
    std::uint64_t bytes = 0;
    auto sum = m.checksums.begin();
    for (const auto& r : m.present) {
        for (auto page = static_cast<std::size_t>(r.first); page < r.first + r.pages; ++page) {
            SLUICE_ASSERT(state_of(page) == page_state::absent);
            table_.set(page, {block_table::stored::present});
            table_.set_checksum(page, *sum++);
            bytes += layout_.page_charge(page);
        }
    }
    // The scan charged what lies on the disk; from here on this object answers for what it holds of it.
    budget_.release(data_bytes + metadata_bytes);
    const std::uint64_t most = std::max(metadata_bytes + unit, metadata_charge_for(table_.held_blocks()));
    budget_.charge(bytes + most);
    charged_.store(bytes, std::memory_order_relaxed);
    metadata_charge_.store(most, std::memory_order_relaxed);
    restore_validation(m.checked, m.must_revalidate);
}

std::vector<object::run> object::unrecorded(std::uint64_t data_bytes) {
    const mutex_lock lock(mutex_);
    std::vector<run> runs;
    const std::size_t pages = data_bytes > charged() ? layout_.pages() : 0;
    for (std::size_t page = 0; page < pages;) {
        std::size_t end = page + 1;
        switch (state_of(page)) {
        case page_state::absent: {
            end = std::min(next_not_missing(page, pages - 1), special_.next_partial(page).value_or(pages));
            runs.push_back(begin_punch(page, end - 1));
            break;
        }
        case page_state::present:
            end = table_.next_unreadable(page, pages - 1);
            break;
        case page_state::claimed:
            end = static_cast<std::size_t>((fills_.claimed_by(page)->end + page_size - 1) / page_size);
            break;
        default:
            break;
        }
        page = end;
    }
    return runs;
}

} // namespace sluice::cache
