// The cache's own thread: opening and loading the directory, writing metadata, closing idle descriptors.
#include <sluice/base/log.hpp>
#include <sluice/cache/object_cache.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace sluice::cache {

namespace {

constexpr auto round_period = std::chrono::seconds(1);
/// Metadata of changed objects is written once in so many rounds.
constexpr unsigned metadata_rounds = 5;
/// Rounds between attempts to reopen an unusable directory.
constexpr unsigned reopen_rounds = 5;
/// Of how many stores the observer gets the number of objects that were loaded.
constexpr std::size_t max_counted_stores = 256;
/// How long `start` waits for the directory to be scanned.
constexpr auto max_scan_wait = std::chrono::seconds(2);

/// How many data files may stay open without a reader.
std::size_t idle_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return 4096;
    }
    return std::min<std::size_t>(4096, static_cast<std::size_t>(limit.rlim_cur) / 4);
}

} // namespace

void object_cache::start() {
    if (settings_.directory.empty()) {
        return;
    }
    open_directory();
    maintenance_ = std::thread([this] { run_maintenance(); });
    const auto until = steady_clock::now() + max_scan_wait;
    mutex_lock lock(maintenance_mutex_);
    while (state_.load() == state::starting &&
           maintenance_changed_.wait_until(lock, until) == std::cv_status::no_timeout) {
    }
}

void object_cache::stop() {
    {
        const mutex_lock lock(maintenance_mutex_);
        stopping_ = true;
    }
    maintenance_changed_.notify_all();
    if (maintenance_.joinable()) {
        maintenance_.join();
        write_metadata(true);
    }
}

void object_cache::open_directory() {
    auto opened = block_store::open(settings_.directory, settings_.disk);
    if (opened) {
        owned_disk_ = std::move(opened.value());
        {
            const mutex_lock lock(mutex_);
            loading_since_ = changes();
            recent_.keep_old(true);
        }
        disk_.store(owned_disk_.get(), std::memory_order_release);
        state_.store(state::starting, std::memory_order_release);
        return;
    }
    set_unusable(opened.error().retryable ? state::locked : state::broken, opened.error());
}

/// Logs each distinct error once.
void object_cache::set_unusable(state now, const error& why) {
    set_state(now);
    if (std::exchange(trouble_, why.detail) == why.detail) {
        return;
    }
    log::warn(now == state::locked ? "cache disabled: another process has locked the directory (retrying every few "
                                     "seconds); give each process its own cache.directory"
                                   : "cache disabled: the directory cannot be used (retrying every few seconds); check "
                                     "the disk and its permissions",
              {{"directory", settings_.directory}, {"error", why.detail}});
    observer_.write_error(now == state::locked ? "locked" : "open");
}

void object_cache::run_maintenance() {
    if (state_.load() == state::starting) {
        load();
    }
    for (unsigned round = 1;; ++round) {
        {
            const auto next_round = steady_clock::now() + round_period;
            mutex_lock lock(maintenance_mutex_);
            while (!stopping_ && maintenance_changed_.wait_until(lock, next_round) == std::cv_status::no_timeout) {
            }
            if (stopping_) {
                return;
            }
        }
        const state now = state_.load();
        if ((now == state::locked || now == state::broken) && round % reopen_rounds == 0) {
            open_directory();
            if (state_.load() == state::starting) {
                load();
            }
        }
        if (state_.load() == state::ready) {
            if (round % metadata_rounds == 0) {
                write_metadata(false);
            }
            close_idle_files();
        }
    }
}

void object_cache::set_state(state s) {
    {
        const mutex_lock lock(maintenance_mutex_);
        state_.store(s, std::memory_order_release);
    }
    maintenance_changed_.notify_all();
}

bool object_cache::is_stopping() {
    const mutex_lock lock(maintenance_mutex_);
    return stopping_;
}

void object_cache::load() {
    const auto scanned = disk()->scan();
    if (!scanned) {
        // Nobody has it yet. Kept, its lock would seem another process's when the directory is tried again.
        disk_.store(nullptr, std::memory_order_release);
        owned_disk_.reset();
        set_unusable(state::broken, scanned.error());
        return;
    }
    trouble_.clear();
    budget_.charge(scanned.value().bytes);
    // From here on there is a count to reserve against; objects that are not loaded yet are merely not known yet.
    set_state(state::ready);
    std::size_t loaded = 0;
    std::map<std::string, std::size_t> stores;
    disk()->load(
        scanned.value().names,
        [&](const block_store::found_object& found) {
            if (load_object(found)) {
                ++loaded;
                if (const std::string& store = found.meta.info.key.store;
                    stores.size() < max_counted_stores || stores.contains(store)) {
                    ++stores[store];
                }
            }
            return !is_stopping();
        },
        [this](std::uint64_t bytes) { budget_.release(bytes); });
    if (budget_.used() > budget_.limit()) {
        evict(budget_.used() - budget_.limit(), eviction_reason::budget); // max_size was lowered
    }
    {
        const mutex_lock lock(mutex_);
        loaded_.store(true, std::memory_order_release);
        recent_.keep_old(false);
    }
    log::info("cache loaded", {{"directory", settings_.directory},
                               {"objects", loaded},
                               {"bytes", budget_.used()},
                               {"limit", settings_.max_size}});
    observer_.loaded(stores);
    const bool older = disk()->remove_older([this](std::uint64_t bytes) {
        budget_.release(bytes);
        return !is_stopping();
    });
    if (older) {
        log::info("the cache of an older version was removed", {{"directory", settings_.directory}});
    }
}

bool object_cache::load_object(const block_store::found_object& found) {
    const auto o = std::make_shared<object>(found.meta.info, settings_.block_size, found.serial, budget_, *policy_);
    o->load_pages(found.meta, found.data_bytes, found.metadata_bytes);
    std::shared_ptr<object> before;
    bool is_current = false;
    {
        const mutex_lock lock(mutex_);
        const auto& key = o->info().key;
        const auto happened = recent_.since(loading_since_, key.store, key.name, o->purge_tags());
        const auto present = index_.present(key);
        const bool newer_there = present && present->info().stored >= o->info().stored;
        is_current = !newer_there && happened != change::purged;
        if (is_current) {
            before = index_.put(o, changes());
        }
        if (happened == change::invalidated) {
            o->mark_changed(changes());
        }
    }
    if (before) {
        unlink_later(before); // somebody may be reading it already
    }
    if (!is_current) {
        o->retire();
        disk()->remove(o->file_name());
        return false;
    }
    punch_later(o, o->unrecorded(found.data_bytes));
    return true;
}

void object_cache::write_metadata(bool final) {
    if (state_.load() != state::ready) {
        return;
    }
    for_each([this, final](const std::shared_ptr<object>& o) {
        return write_metadata_of(o) || final; // where the disk is in trouble, once a round is enough
    });
}

bool object_cache::write_metadata_of(const std::shared_ptr<object>& o) {
    const mutex_lock one_at_a_time(metadata_mutex_);
    if (o->retired() || !o->take_dirty()) {
        return true;
    }
    const auto written = disk()->write_metadata(o->file_name(), o->snapshot());
    if (!written) {
        o->mark_dirty();
        report_write_error(written.error());
        return false;
    }
    o->metadata_written(written.value());
    if (o->retired()) {
        disk()->remove(o->file_name());
    }
    return true;
}

void object_cache::close_idle_files() {
    static const std::size_t limit = idle_file_limit();
    std::vector<std::shared_ptr<object>> open;
    std::vector<eviction_candidate> order;
    for_each([&](const std::shared_ptr<object>& o) {
        if (o->open_file()) {
            order.push_back({.last_use = o->last_use(), .owner = open.size(), .is_whole_object = true});
            open.push_back(o);
        }
        return true;
    });
    if (open.size() <= limit) {
        return;
    }
    policy_->rank(order, order.size());
    std::size_t excess = open.size() - limit;
    for (const auto& c : order) {
        if (excess == 0) {
            break;
        }
        excess -= open[c.owner]->close_if_idle() ? 1 : 0;
    }
}

} // namespace sluice::cache
