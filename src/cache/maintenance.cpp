// The cache's own thread: opening and loading the directory, writing metadata, closing idle descriptors.
#include <sluice/base/log.hpp>
#include <sluice/cache/object_cache.hpp>

#include <sys/resource.h>

#include <algorithm>

namespace sluice::cache {

namespace {

constexpr auto house_period = std::chrono::seconds(1);
/// Metadata of a changed object is written at most this often.
constexpr unsigned metadata_rounds = 5;
constexpr unsigned lock_rounds = 5;
/// How many stores' names are told of when all is loaded.
constexpr std::size_t most_stores = 256;
constexpr auto longest_wait_for_census = std::chrono::seconds(2);

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
    house_ = std::thread([this] { keep_house(); });
    const auto until = steady_clock::now() + longest_wait_for_census;
    mutex_lock lock(house_mutex_);
    while (state_.load() == state::starting && house_wakes_.wait_until(lock, until) == std::cv_status::no_timeout) {
    }
}

void object_cache::stop() {
    {
        const mutex_lock lock(house_mutex_);
        stopping_ = true;
    }
    house_wakes_.notify_all();
    if (house_.joinable()) {
        house_.join();
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
    const state now = opened.error().retryable ? state::locked : state::broken;
    if (state_.exchange(now) != now) {
        log::warn("the cache is off", {{"directory", settings_.directory}, {"error", opened.error().detail}});
        observer_.write_error(opened.error().retryable ? "locked" : "open");
    }
}

void object_cache::keep_house() {
    if (state_.load() == state::starting) {
        load();
    }
    for (unsigned round = 1;; ++round) {
        {
            const auto next_round = steady_clock::now() + house_period;
            mutex_lock lock(house_mutex_);
            while (!stopping_ && house_wakes_.wait_until(lock, next_round) == std::cv_status::no_timeout) {
            }
            if (stopping_) {
                return;
            }
        }
        const state now = state_.load();
        if ((now == state::locked || now == state::broken) && round % lock_rounds == 0) {
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
        const mutex_lock lock(house_mutex_);
        state_.store(s, std::memory_order_release);
    }
    house_wakes_.notify_all();
}

void object_cache::load() {
    const auto census = disk()->count();
    if (!census) {
        log::warn("the cache is off", {{"directory", settings_.directory}, {"error", census.error().detail}});
        set_state(state::broken);
        return;
    }
    budget_.charge(census.value().bytes);
    // From here on there is a count to reserve against; objects that are not loaded yet are merely not known yet.
    set_state(state::ready);
    std::size_t loaded = 0;
    std::map<std::string, std::size_t> stores;
    disk()->load(
        census.value().names,
        [this, &loaded, &stores](block_store::found_object found) {
            auto o = std::make_shared<object>(found.meta.info, settings_.block_size, found.serial, budget_, *policy_);
            o->load_pages(found.meta, found.data_bytes, found.metadata_bytes);
            std::shared_ptr<object> loser;
            {
                const mutex_lock lock(mutex_);
                const auto& key = o->info().key;
                const auto happened = recent_.since(loading_since_, key.store, key.name, o->purge_tags());
                const auto present = index_.present(key);
                const bool newer_there = present && present->info().stored >= o->info().stored;
                loser = newer_there || happened == change::purged ? o : index_.put(o, changes());
                if (happened == change::invalidated) {
                    o->mark_changed(changes());
                }
            }
            if (loser && loser != o) {
                unlink_later(loser); // somebody may be reading it already
            } else if (loser) {
                loser->retire();
                disk()->remove(loser->file_name());
            }
            if (loser != o) {
                give_back(o, o->unrecorded(found.data_bytes));
                ++loaded;
                if (const std::string& store = o->info().key.store;
                    stores.size() < most_stores || stores.contains(store)) {
                    ++stores[store];
                }
            }
            const mutex_lock lock(house_mutex_);
            return !stopping_;
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
        const mutex_lock lock(house_mutex_);
        return !stopping_;
    });
    if (older) {
        log::info("what an older version had cached is removed", {{"directory", settings_.directory}});
    }
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
