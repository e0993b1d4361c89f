#include <sluice/base/log.hpp>
#include <sluice/cache/object_cache.hpp>

#include <xxhash.h>

#include <algorithm>

namespace sluice::cache {

namespace {

/// What the directory takes beside what objects are charged for: one metadata file being replaced, and the directory.
std::uint64_t overhead(std::uint64_t max_size) {
    return std::min<std::uint64_t>(max_size / 16, 1U << 20U);
}

/// Reads waiting for a disk beyond this many: the cache is slower than the origin, and misses go past it.
constexpr std::size_t max_read_queue = 256;

} // namespace

std::string_view to_string(eviction_reason r) noexcept {
    switch (r) {
    case eviction_reason::budget:
        return "budget";
    case eviction_reason::min_free:
        return "min_free";
    case eviction_reason::objects:
        return "objects";
    }
    return "budget";
}

object_cache::object_cache(cache_settings settings, file_pool& reads, file_pool& writes, cache_observer observer)
    : settings_(std::move(settings))
    , reads_(reads)
    , writes_(writes)
    , observer_(std::move(observer))
    , budget_(settings_.max_size - overhead(settings_.max_size))
    , policy_(make_lru()) {}

object_cache::~object_cache() {
    stop();
}

result<void> object_cache::available() const noexcept {
    switch (state_.load(std::memory_order_acquire)) {
    case state::ready:
        return {};
    case state::starting:
        return error{errc::cache_starting, error_source::internal, false};
    case state::broken:
        return error{errc::disk_error, error_source::internal, false};
    case state::off:
    case state::locked:
        break;
    }
    return error{errc::cache_off, error_source::internal, false};
}

std::shared_ptr<object> object_cache::find(std::string_view store, std::string_view name) {
    const mutex_lock lock(mutex_);
    return index_.find(store, name);
}

namespace {

bool is_same_version(const object_info& a, const object_info& b) noexcept {
    return a.version.value == b.version.value && a.size == b.size;
}

} // namespace

std::shared_ptr<object> object_cache::already_present(const object_info& info, std::optional<std::uint64_t> seen) {
    const mutex_lock lock(mutex_);
    if (seen && *seen != changes()) {
        return nullptr;
    }
    auto o = index_.present(info.key);
    return o && is_same_version(o->info(), info) && !o->must_revalidate() ? o : nullptr;
}

awaitable<result<std::shared_ptr<object>>> object_cache::create(object_info info, std::optional<std::uint64_t> seen,
                                                                if_present other) {
    if (settings_.max_share < 100 && info.size > settings_.max_size / 100 * settings_.max_share) {
        co_return error{errc::too_large, error_source::internal, false, "max_share"};
    }
    if (info.size > max_object_size) {
        co_return error{errc::too_large, error_source::internal, false, "larger than any file"};
    }
    if (auto faster = other == if_present::join ? already_present(info, seen) : nullptr) {
        co_return faster;
    }
    const page_layout layout{info.size, settings_.block_size};
    const std::uint64_t metadata = max_metadata_charge(info, 0, layout.pages_per_block());
    auto reserved = co_await reserve(metadata);
    if (!reserved) {
        co_return reserved.error();
    }
    // From here on the object answers for what was reserved.
    auto made = std::make_shared<object>(std::move(info), settings_.block_size, disk()->new_serial(), budget_, *policy_,
                                         metadata);
    auto job = [this, made] { return disk()->create(made->file_name(), made->info().size); };
    auto f = co_await writes_.run(std::move(job));
    if (!f) {
        report_write_error(f.error());
        co_return f.error();
    }
    made->set_file(f.value());
    std::shared_ptr<object> before;
    std::shared_ptr<object> faster;
    bool too_many = false;
    change happened = change::none;
    {
        const mutex_lock lock(mutex_);
        if (seen && *seen != changes()) {
            const auto& key = made->info().key;
            happened = recent_.since(*seen, key.store, key.name, made->purge_tags());
        }
        faster = other == if_present::join ? index_.present(made->info().key) : nullptr;
        if (happened != change::purged && !faster) {
            before = index_.put(made, changes());
            too_many = index_.size() > settings_.max_objects;
        }
        if (happened == change::invalidated) {
            made->mark_changed(changes());
        }
    }
    if (happened == change::purged) {
        unlink_later(made);
        co_return error{errc::purged, error_source::internal, false};
    }
    if (faster) {
        unlink_later(made);
        if (is_same_version(faster->info(), made->info()) && !faster->must_revalidate()) {
            co_return faster;
        }
        retire(faster);
        co_return error{errc::canceled, error_source::internal, true, "another version came meanwhile"};
    }
    if (before) {
        unlink_later(before);
    }
    if (too_many) {
        auto make_file = [this, made] {
            evict_objects(made);
            return true;
        };
        co_await writes_.run(std::move(make_file));
    }
    co_return made;
}

awaitable<result<std::shared_ptr<file>>> object_cache::open(std::shared_ptr<object> o) {
    auto f = o->open_file();
    if (!f) {
        auto job = [this, o] { return disk()->open_data(o->file_name()); };
        auto opened = co_await reads_.run(std::move(job));
        if (!opened) {
            co_return opened.error();
        }
        f = opened.value();
        o->set_file(f);
    }
    co_return f;
}

namespace {

struct check_result {
    std::vector<object::run> damaged; ///< to be punched
    bool in_use{false};               ///< a damaged page could not be dropped
};

/// Compares the pages [first, last] with their checksums, and drops those that differ. Blocks.
check_result check_pages(object& o, const file& f, std::size_t first, std::size_t last) {
    check_result found;
    std::vector<char> buffer(page_size);
    o.begin_check(first, last);
    prefetch(f.fd(), static_cast<std::uint64_t>(first) * page_size,
             static_cast<std::uint64_t>(last + 1 - first) * page_size);
    for (auto page = first; page <= last; ++page) {
        const std::uint64_t at = static_cast<std::uint64_t>(page) * page_size;
        const auto length = static_cast<std::size_t>(o.layout().page_end(page) - at);
        const auto sum = o.checksum(page);
        if (!sum) {
            continue;
        }
        const auto whole = read_all(f, at, buffer.data(), length);
        if (whole && XXH64(buffer.data(), length, 0) == *sum) {
            o.mark_verified(page, page);
            continue;
        }
        const auto dropped = o.drop_damaged(page, *sum);
        found.in_use = found.in_use || !dropped;
        if (dropped && !dropped->empty()) {
            found.damaged.push_back(*dropped);
        }
    }
    o.end_check(first, last);
    return found;
}

} // namespace

awaitable<result<void>> object_cache::verify(std::shared_ptr<object> o, std::shared_ptr<file> f, std::uint64_t first,
                                             std::uint64_t last) {
    if (reads_.queued() > max_read_queue) {
        co_return error{errc::pool_busy, error_source::internal, true};
    }
    auto job = [o, f, first, last] {
        return check_pages(*o, *f, static_cast<std::size_t>(first / page_size),
                           static_cast<std::size_t>(last / page_size));
    };
    auto found = co_await reads_.run(std::move(job));
    if (!found.damaged.empty() || found.in_use) {
        log::warn("cached pages are damaged and will be fetched again",
                  {{"file", o->file_name()}, {"pages", found.damaged.size() + (found.in_use ? 1U : 0U)}});
        observer_.write_error("checksum");
        punch_later(o, std::move(found.damaged));
    }
    if (found.in_use) {
        co_return error{errc::disk_error, error_source::internal, false, "a damaged page cannot be replaced now"};
    }
    co_return result<void>();
}

bool object_cache::enough_free(std::uint64_t bytes) {
    return disk()->free_bytes() >= settings_.min_free + bytes;
}

awaitable<result<void>> object_cache::reserve(std::uint64_t bytes) {
    if (auto ready = available(); !ready) {
        co_return ready;
    }
    if (!enough_free(bytes)) {
        auto job = [this, bytes] { return evict(bytes, eviction_reason::min_free); };
        co_await writes_.run(job);
        if (!enough_free(bytes)) {
            if (!min_free_told_.exchange(true)) {
                log::warn("caching paused: less than cache.min_free is available and nothing more can be evicted; free "
                          "space or lower cache.min_free (logged once)",
                          {{"directory", settings_.directory},
                           {"free", disk()->free_bytes()},
                           {"min_free", settings_.min_free}});
            }
            co_return error{errc::disk_full, error_source::internal, false, "less than min_free is left"};
        }
    }
    if (!budget_.try_charge(bytes)) {
        auto job = [this, bytes] { return evict(bytes, eviction_reason::budget); };
        co_await writes_.run(job);
        if (!budget_.try_charge(bytes)) {
            co_return error{errc::cache_full, error_source::internal, false, "nothing can be evicted"};
        }
    }
    co_return result<void>();
}

void object_cache::report_write_error(const error& e) {
    observer_.write_error(to_string(e.code));
    log::warn("cache write failed: responses are served but not cached; check the disk of cache.directory",
              {{"directory", settings_.directory}, {"reason", to_string(e.code)}, {"error", e.detail}});
}

void object_cache::punch_later(std::shared_ptr<object> o, std::vector<object::run> runs) {
    std::erase_if(runs, [](const object::run& r) { return r.begin == r.end; });
    if (runs.empty()) {
        return;
    }
    writes_.post([this, o = std::move(o), runs = std::move(runs)] {
        auto f = o->open_file();
        if (!f) {
            const auto opened = disk()->open_data(o->file_name());
            f = opened ? opened.value() : nullptr;
        }
        for (const auto& r : runs) {
            const bool done = f && disk()->can_punch() && disk()->punch(*f, r.begin, r.end - r.begin).has_value();
            o->punched(r, done);
        }
    });
}

void object_cache::retire(const std::shared_ptr<object>& o) {
    {
        const mutex_lock lock(mutex_);
        index_.remove(o);
    }
    unlink_later(o);
}

void object_cache::unlink_later(const std::shared_ptr<object>& o) {
    writes_.post([this, o] { unlink(o); });
}

void object_cache::unlink(const std::shared_ptr<object>& o) {
    // The descriptor must be open before the name is gone, for the readers that come to open it late.
    if (!o->open_file()) {
        const auto opened = disk()->open_data(o->file_name());
        if (opened) {
            o->set_file(opened.value());
        }
    }
    o->retire();
    disk()->remove(o->file_name());
}

std::size_t object_cache::object_count() {
    const mutex_lock lock(mutex_);
    return index_.size();
}

void object_cache::for_each(const std::function<bool(const std::shared_ptr<object>&)>& visit) {
    std::vector<std::shared_ptr<object>> some;
    object_index::position at;
    for (;;) {
        some.clear();
        {
            const mutex_lock lock(mutex_);
            if (!index_.next(at, some)) {
                return;
            }
        }
        for (auto& o : some) {
            if (!visit(o)) {
                return;
            }
            o.reset();
        }
    }
}

} // namespace sluice::cache
