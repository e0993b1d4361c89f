#include <sluice/cache/object.hpp>

namespace sluice::cache {

namespace {

std::int64_t steady_now() {
    return steady_clock::now().time_since_epoch().count();
}

} // namespace

std::atomic<std::uint32_t> object::tick{1};

object::object(object_info info, std::uint64_t block_size, std::string file_name, budget& b,
               std::uint64_t metadata_charge)
    : info_(std::move(info))
    , shape_{info_.size, block_size}
    , file_name_(std::move(file_name))
    , budget_(b)
    , resolver_id_(info_.resolver_id)
    , pages_(shape_.pages(), page_state::absent)
    , verified_(shape_.pages())
    , checksums_(shape_.pages())
    , pins_(shape_.blocks())
    , block_used_(shape_.blocks())
    , metadata_charge_(metadata_charge)
    , used_(tick.load()) {
    checked_now(0);
}

object::~object() {
    // Its files are unlinked or the process ends: either way nothing of it is on the disk on our account any more.
    // The descriptor first: bytes count until the last close.
    file_.reset();
    budget_.release(charged() + metadata_charge());
}

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

std::string object::resolver_id() {
    const std::lock_guard lock(mutex_);
    return resolver_id_;
}

bool object::is_linked(std::string_view id) {
    const std::lock_guard lock(mutex_);
    return cache::is_linked(resolver_id_, id);
}

bool object::link(std::string_view id) {
    if (id.empty() || id.find('\n') != std::string_view::npos) {
        return false;
    }
    const std::lock_guard lock(mutex_);
    if (cache::is_linked(resolver_id_, id) || resolver_id_.size() + 1 + id.size() > longest_link) {
        return false;
    }
    resolver_id_.append(resolver_id_.empty() ? "" : "\n").append(id);
    mark_dirty();
    return true;
}

metadata object::snapshot() {
    const std::lock_guard lock(mutex_);
    metadata m;
    m.info = info_;
    m.info.resolver_id = resolver_id_;
    m.must_revalidate = must_revalidate();
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
    const std::uint64_t most = largest_metadata_charge(info_);
    budget_.charge(bytes + most);
    charged_.store(bytes, std::memory_order_relaxed);
    metadata_charge_.store(most, std::memory_order_relaxed);
    using namespace std::chrono;
    const auto age = system_clock::now() - m.checked;
    const auto steady = age.count() < 0 ? steady_clock::now() - hours(24 * 365 * 10)
                                        : steady_clock::now() - duration_cast<steady_clock::duration>(age);
    checked_steady_.store(steady.time_since_epoch().count(), std::memory_order_relaxed);
    checked_wall_.store(duration_cast<milliseconds>(m.checked.time_since_epoch()).count(), std::memory_order_relaxed);
    if (m.must_revalidate) {
        mark_changed(1);
    }
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

bool object::mark_changed(std::uint64_t number) noexcept {
    std::uint64_t before = marked_.load(std::memory_order_relaxed);
    while (before < number && !marked_.compare_exchange_weak(before, number)) {
    }
    if (before >= number) {
        return false;
    }
    dirty_.store(true);
    return true;
}

void object::checked_now(std::uint64_t marked_then) noexcept {
    std::uint64_t before = confirmed_.load(std::memory_order_relaxed);
    while (before < marked_then && !confirmed_.compare_exchange_weak(before, marked_then)) {
    }
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
