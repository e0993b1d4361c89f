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
constexpr std::size_t longest_read_queue = 256;

std::uint64_t metadata_estimate(const object_info& info) {
    const std::uint64_t pages = (info.size + page_size - 1) / page_size;
    const std::uint64_t bytes = 256 + info.key.store.size() + info.key.name.size() + info.version.value.size() +
                                info.content_type.size() + info.last_modified.size() + info.resolver_id.size() +
                                pages * 8 + pages / 8 + 1;
    // One more unit: a data file of many holes has a block of extents of its own.
    return (bytes + 4095) / 4096 * 4096 + 4096;
}

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

std::size_t object_cache::hash::operator()(const view_key& k) const noexcept {
    return XXH3_64bits_withSeed(k.name.data(), k.name.size(), XXH3_64bits(k.store.data(), k.store.size()));
}

object_cache::object_cache(cache_settings settings, file_pool& reads, file_pool& writes, cache_observer observer)
    : settings_(std::move(settings))
    , reads_(reads)
    , writes_(writes)
    , observer_(std::move(observer))
    , budget_(settings_.max_size - overhead(settings_.max_size)) {}

object_cache::~object_cache() {
    stop();
}

std::optional<errc> object_cache::unavailable() const noexcept {
    switch (state_.load(std::memory_order_acquire)) {
    case state::ready:
        return std::nullopt;
    case state::starting:
        return errc::cache_starting;
    case state::broken:
        return errc::disk_error;
    case state::off:
    case state::locked:
        break;
    }
    return errc::cache_off;
}

std::shared_ptr<object> object_cache::find(std::string_view store, std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto it = objects_.find(view_key{store, name});
    return it == objects_.end() ? nullptr : it->second;
}

awaitable<result<std::shared_ptr<object>>> object_cache::create(object_info info) {
    if (settings_.max_share < 100 && info.size > settings_.max_size / 100 * settings_.max_share) {
        co_return error{errc::too_large, error_source::internal, false, "max_share"};
    }
    const std::uint64_t estimate = metadata_estimate(info);
    auto room = co_await reserve(estimate);
    if (!room) {
        co_return room.error();
    }
    if (object_count() >= settings_.max_objects) {
        auto job = [this] {
            evict_object();
            return true;
        };
        co_await writes_.run(job);
    }
    const std::string name = disk()->new_name(info.key);
    auto made = std::make_shared<object>(std::move(info), settings_.block_size, name, budget_);
    auto job = [this, made] { return disk()->create(made->file_name(), made->info().size); };
    auto f = co_await writes_.run(std::move(job));
    budget_.release(estimate);
    if (!f) {
        report_write_error(f.error());
        co_return f.error();
    }
    made->set_file(f.value());
    made->charge_metadata(estimate);
    std::shared_ptr<object> before;
    {
        const std::lock_guard lock(mutex_);
        auto& slot = objects_[made->info().key];
        before = std::exchange(slot, made);
    }
    if (before) {
        forget(before);
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

awaitable<result<void>> object_cache::verify(std::shared_ptr<object> o, std::shared_ptr<file> f, std::uint64_t first,
                                             std::uint64_t last) {
    if (reads_.queued() > longest_read_queue) {
        co_return error{errc::pool_busy, error_source::internal, true};
    }
    auto job = [o, f, first, last] {
        std::vector<object::run> bad;
        std::vector<char> buffer(page_size);
        for (std::uint64_t at = first; at <= last; at += page_size) {
            const auto page = static_cast<std::size_t>(at / page_size);
            const auto length = static_cast<std::size_t>(o->shape().page_end(page) - at);
            const auto sum = o->checksum(page);
            if (!sum) {
                continue;
            }
            const auto whole = read_all(*f, at, buffer.data(), length);
            if (whole && XXH64(buffer.data(), length, 0) == *sum) {
                o->mark_verified(page, page);
            } else {
                bad.push_back(o->drop_damaged(page));
            }
        }
        return bad;
    };
    auto damaged = co_await reads_.run(std::move(job));
    if (!damaged.empty()) {
        log::warn("cached pages are damaged and will be fetched again",
                  {{"file", o->file_name()}, {"pages", damaged.size()}});
        observer_.write_error("checksum");
        give_back(o, std::move(damaged));
    }
    co_return result<void>();
}

bool object_cache::enough_free(std::uint64_t bytes) {
    return disk()->free_bytes() >= settings_.min_free + bytes;
}

awaitable<result<void>> object_cache::reserve(std::uint64_t bytes) {
    if (const auto why = unavailable()) {
        co_return error{*why, error_source::internal, false};
    }
    if (!enough_free(bytes)) {
        auto job = [this, bytes] { return evict(bytes, eviction_reason::min_free); };
        co_await writes_.run(job);
        if (!enough_free(bytes)) {
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
    log::warn("the cache could not write", {{"reason", to_string(e.code)}, {"error", e.detail}});
}

void object_cache::give_back(std::shared_ptr<object> o, std::vector<object::run> runs) {
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
        const std::lock_guard lock(mutex_);
        const auto it = objects_.find(o->info().key);
        if (it != objects_.end() && it->second == o) {
            objects_.erase(it);
        }
    }
    forget(o);
}

bool object_cache::purge(std::string_view store, std::string_view name) {
    const auto o = find(store, name);
    if (o) {
        retire(o);
    }
    return o != nullptr;
}

/// The object left the table: unlink its files. The last reader's close gives the bytes back.
void object_cache::forget(const std::shared_ptr<object>& o) {
    // The descriptor must be open before the name is gone, for the readers that come to open it late.
    writes_.post([this, o] {
        if (!o->open_file()) {
            const auto opened = disk()->open_data(o->file_name());
            if (opened) {
                o->set_file(opened.value());
            }
        }
        o->retire();
        disk()->remove(o->file_name());
    });
}

std::size_t object_cache::object_count() {
    const std::lock_guard lock(mutex_);
    return objects_.size();
}

std::size_t object_cache::block_count() {
    std::size_t blocks = 0;
    for (const auto& o : all()) {
        blocks += o->blocks_held();
    }
    return blocks;
}

std::vector<std::shared_ptr<object>> object_cache::all() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<object>> list;
    list.reserve(objects_.size());
    for (const auto& [key, o] : objects_) {
        list.push_back(o);
    }
    return list;
}

// Eviction

std::uint64_t object_cache::evict(std::uint64_t bytes, eviction_reason reason) {
    const std::lock_guard one_at_a_time(eviction_mutex_);
    if (reason == eviction_reason::budget && budget_.used() + bytes <= budget_.limit()) {
        return 0; // the one before us made room for both
    }
    struct candidate {
        std::uint32_t used;
        std::size_t block;
        const std::shared_ptr<object>* owner;
    };
    const auto objects = all();
    std::vector<candidate> candidates;
    std::vector<std::pair<std::uint32_t, std::size_t>> blocks;
    for (const auto& o : objects) {
        blocks.clear();
        o->evictable(blocks);
        for (const auto& [used, block] : blocks) {
            candidates.push_back({used, block, &o});
        }
    }
    std::sort(candidates.begin(), candidates.end(), [](const candidate& a, const candidate& b) {
        return a.used != b.used ? a.used < b.used : a.block < b.block;
    });
    // A little more than asked for, so that not every miss pays for a pass over the index.
    const std::uint64_t goal = std::max(bytes, reason == eviction_reason::budget ? budget_.limit() / 64 : bytes);
    std::uint64_t freed = 0;
    for (const auto& c : candidates) {
        if (freed >= goal) {
            break;
        }
        const std::uint64_t before = budget_.used();
        if (evict_block(*c.owner, c.block) > 0) {
            observer_.evicted(reason);
        }
        const std::uint64_t after = budget_.used();
        freed += before > after ? before - after : 0;
    }
    return freed;
}

std::uint64_t object_cache::evict_block(const std::shared_ptr<object>& o, std::size_t block) {
    if (!disk()->can_punch()) {
        // Without holes the unit is the whole object.
        if (!o->retired()) {
            retire(o);
        }
        return 1;
    }
    const auto r = o->begin_eviction(block);
    if (r.begin == r.end) {
        return 0;
    }
    auto f = o->open_file();
    if (!f) {
        const auto opened = disk()->open_data(o->file_name());
        f = opened ? opened.value() : nullptr;
    }
    const bool done = f && disk()->punch(*f, r.begin, r.end - r.begin).has_value();
    o->punched(r, done);
    f.reset();
    drop_if_empty(o);
    return done ? 1 : 0;
}

void object_cache::drop_if_empty(const std::shared_ptr<object>& o) {
    bool dropped = false;
    {
        const std::lock_guard lock(mutex_);
        const auto it = objects_.find(o->info().key);
        // Two owners: the table and the list that this eviction works on; any other is a request that has it in hand.
        if (it != objects_.end() && it->second == o && o.use_count() <= 2 && o->idle_and_empty()) {
            objects_.erase(it);
            dropped = true;
        }
    }
    if (dropped) {
        o->retire();
        disk()->remove(o->file_name());
    }
}

void object_cache::evict_object() {
    const std::lock_guard one_at_a_time(eviction_mutex_);
    const auto objects = all();
    if (objects.size() < settings_.max_objects) {
        return;
    }
    const auto oldest = std::min_element(objects.begin(), objects.end(),
                                         [](const auto& a, const auto& b) { return a->last_used() < b->last_used(); });
    if (oldest != objects.end()) {
        observer_.evicted(eviction_reason::objects);
        retire(*oldest);
    }
}

} // namespace sluice::cache
