#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/base/mutex.hpp>
#include <sluice/cache/block_store.hpp>
#include <sluice/cache/budget.hpp>
#include <sluice/cache/object.hpp>
#include <sluice/cache/object_index.hpp>
#include <sluice/cache/recent_changes.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace sluice::cache {

/// The limits of one cache. Sizes in bytes; `config::cache` has the defaults.
struct cache_settings {
    std::string directory; ///< "": no cache
    std::uint64_t max_size{};
    std::uint64_t min_free{};
    std::uint64_t max_objects{};
    std::uint64_t block_size{};
    unsigned max_share{}; ///< percent of max_size that an object may have; at 100 even larger ones pass through
    system_calls disk{};  ///< by which the files are written
};

/// Why something was evicted; the `reason` label.
enum class eviction_reason : std::uint8_t { budget, min_free, objects };
/// The label's value; never null, lives forever.
[[nodiscard]] std::string_view to_string(eviction_reason r) noexcept;

/// Callbacks for metrics, from any thread.
struct cache_observer {
    std::function<void(eviction_reason)> evicted = [](eviction_reason) {};
    std::function<void(std::string_view reason)> write_error = [](std::string_view) {};
    /// The directory is loaded: how many objects of each store there are (of the first 256 stores).
    std::function<void(const std::map<std::string, std::size_t>&)> loaded = [](const auto&) {};
};

/// What becomes of a version of the same object that is there when one is added.
enum class if_present : std::uint8_t { replace, join };

/// The range cache: which objects there are, room on the disk, their files. Shared by all workers.
///
/// A cache that is full, read-only, locked or gone never fails a request: `reserve` and `create` give an error, and the
/// caller relays from the origin.
class object_cache {
public:
    object_cache(cache_settings settings, file_pool& reads, file_pool& writes, cache_observer observer);
    ~object_cache();
    object_cache(const object_cache&) = delete;
    object_cache& operator=(const object_cache&) = delete;

    /// Opens the directory, then scans and loads it in a thread of its own, which goes on with maintenance: it writes
    /// metadata, closes idle descriptors, and tries a locked directory again. Returns once the directory was scanned,
    /// so that the first requests find a cache, or after two seconds where it is large.
    void start();
    /// Writes all metadata out. Workers must have ended.
    void stop();

    /// Whether new bytes can be stored. Errors: `cache_off`, `cache_starting`, `disk_error`.
    [[nodiscard]] result<void> available() const noexcept;

    /// Whether everything that an earlier process left has been loaded.
    [[nodiscard]] bool loaded() const noexcept { return loaded_.load(std::memory_order_acquire); }

    /// The present version of an object, or nullptr.
    [[nodiscard]] std::shared_ptr<object> find(std::string_view store, std::string_view name);

    /// Adds a version and retires the one before. Errors: as `available`, `too_large`, `cache_full`, `disk_full`,
    /// `disk_error`.
    ///
    /// `seen`: what `changes` gave before the caller was authorized for the object. Where the object, one of its purge
    /// tags (`info.purge_tags`) or a prefix of one was purged since, nothing is added and the error is `purged`; where
    /// it was invalidated since, it is added and must be revalidated before it is served.
    ///
    /// With `if_present::join` the caller has asked the origin while nothing was cached, and others may have done so
    /// too. If another caller was faster, returns its object when it is the same version (`info`'s validator and size);
    /// otherwise it is unknown which is newer: the other is retired and the error is `canceled`.
    awaitable<result<std::shared_ptr<object>>> create(object_info info, std::optional<std::uint64_t> seen = {},
                                                      if_present other = if_present::replace);
    /// The number of the last purge or invalidation; each has the next one.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_acquire); }
    /// Whether the object, or its purge tag `tag` ("": none), was purged or invalidated after the change `seen`.
    [[nodiscard]] bool has_changed_since(std::uint64_t seen, std::string_view store, std::string_view name,
                                         std::string_view tag);

    /// Adds a purge tag (without line breaks) to an object, as long as there is room for it (`max_purge_tags`). `seen`
    /// as for `create`: where that tag was purged or invalidated since, so is the object. Cheap where the object has
    /// it.
    void add_purge_tag(const std::shared_ptr<object>& o, std::string_view tag, std::uint64_t seen);

    /// The object's data file, opened where it is not. Errors: `disk_error`.
    awaitable<result<std::shared_ptr<file>>> open(std::shared_ptr<object> o);

    /// Reads the pages of [first, last] (which begin and end at page bounds) and compares their checksums; damaged ones
    /// are dropped. Afterwards ask for the span again. Errors: `pool_busy`; `disk_error` where a page is damaged whose
    /// block is being sent, so that it cannot be replaced now.
    awaitable<result<void>> verify(std::shared_ptr<object> o, std::shared_ptr<file> f, std::uint64_t first,
                                   std::uint64_t last);

    /// Charges `bytes` to the budget, evicting where they do not fit. Errors: as `available`, `cache_full`,
    /// `disk_full`.
    awaitable<result<void>> reserve(std::uint64_t bytes);
    /// Gives back what `reserve` charged.
    void release(std::uint64_t bytes) noexcept { budget_.release(bytes); }

    /// Takes a version out of the cache, since it changed at the origin or was purged. Its readers finish.
    void retire(const std::shared_ptr<object>& o);
    /// Retires the present version of an object; false where there is none.
    bool purge(std::string_view store, std::string_view name);
    /// Retires all objects that have this purge tag, those that are not loaded yet too. Gives how many were retired at
    /// once: where there are very many, the rest follows in the background, and is not found meanwhile.
    std::size_t purge_tagged(std::string_view tag);
    /// The same for all tags that begin with `prefix`.
    std::size_t purge_tagged_with_prefix(std::string_view prefix);
    /// Has the present version of an object revalidated once before it is served again, whatever its age, also after a
    /// restart; false where there is none. Its bytes stay.
    bool invalidate(std::string_view store, std::string_view name);
    /// The same for all objects that have this purge tag. Gives how many were marked at once and did not have to be
    /// revalidated before; the rest follows as for `purge_tagged`.
    std::size_t invalidate_tagged(std::string_view tag);

    /// The app calls what the object is now `version` (0: it does not say). Where that is not what it is known to be,
    /// it is revalidated once before it is served again, whatever its age. Cheap where nothing has changed.
    void expect_version(object& o, std::uint64_t version);

    /// The limits it was made with.
    [[nodiscard]] const cache_settings& settings() const noexcept { return settings_; }
    /// The threads that read and check pages.
    [[nodiscard]] file_pool& reads() noexcept { return reads_; }
    /// The threads that write, punch, unlink and evict.
    [[nodiscard]] file_pool& writes() noexcept { return writes_; }
    /// The files; nullptr while the directory cannot be used.
    [[nodiscard]] block_store* disk() noexcept { return disk_.load(std::memory_order_acquire); }
    /// Counts and logs that a write failed.
    void report_write_error(const error& e);
    /// Punches runs that a fill or a verification gave up, on the pool of writes.
    void punch_later(std::shared_ptr<object> o, std::vector<object::run> runs);

    /// Bytes of `max_size` that are charged now.
    [[nodiscard]] std::uint64_t used_bytes() const noexcept { return budget_.used(); }
    /// `max_size`, in bytes.
    [[nodiscard]] std::uint64_t limit_bytes() const noexcept { return settings_.max_size; }
    /// Objects that new requests find.
    [[nodiscard]] std::size_t object_count();
    /// Blocks of which any page takes room, those of retired objects with a reader too.
    [[nodiscard]] std::uint64_t block_count() noexcept { return budget_.held().blocks(); }

private:
    enum class state : std::uint8_t { off, locked, starting, ready, broken };

    void set_state(state s);
    /// `now`: `locked` or `broken`.
    void set_unusable(state now, const error& why);
    void open_directory();
    /// The maintenance thread.
    void run_maintenance();
    [[nodiscard]] bool is_stopping() EXCLUDES(maintenance_mutex_);
    void load();
    /// The present version where it is the one of `info`, and nothing was purged or invalidated after `seen`.
    std::shared_ptr<object> already_present(const object_info& info, std::optional<std::uint64_t> seen);
    /// Puts an object of the disk into the index; false where it is not current any more, and was removed.
    bool load_object(const block_store::found_object& found);
    void write_metadata(bool final);
    /// False where the disk is in trouble.
    bool write_metadata_of(const std::shared_ptr<object>& o) EXCLUDES(metadata_mutex_);
    void close_idle_files();
    /// Calls `visit` with every object until it gives false, with the index locked for a few of them at a time only.
    /// One that is added meanwhile may be left out, and one may come twice.
    void for_each(const std::function<bool(const std::shared_ptr<object>&)>& visit);
    /// All that could be evicted now, in the order in which it should be; their objects in `owners`.
    std::vector<eviction_candidate> candidates(std::vector<std::shared_ptr<object>>& owners);
    /// Gives the bytes that were freed, as do the two below.
    std::uint64_t evict(std::uint64_t bytes, eviction_reason reason) EXCLUDES(eviction_mutex_);
    std::uint64_t evict_block(std::shared_ptr<object>& o, std::size_t block) REQUIRES(eviction_mutex_);
    /// Takes an object that nobody but the index and the caller holds out of the cache, and resets `o`.
    std::uint64_t drop_unused(std::shared_ptr<object>& o) REQUIRES(eviction_mutex_);
    void evict_objects(const std::shared_ptr<object>& keep) EXCLUDES(eviction_mutex_);
    /// Unlinks the files of an object that left the index; its readers finish on the open descriptor, and the last
    /// close gives the bytes back.
    void unlink(const std::shared_ptr<object>& o);
    /// The same on the pool of writes.
    void unlink_later(const std::shared_ptr<object>& o);
    std::uint64_t next_change() noexcept REQUIRES(mutex_) {
        return changes_.fetch_add(1, std::memory_order_acq_rel) + 1;
    }
    /// Counts the change of an object or of a tag, and remembers it for what is not in the index yet.
    std::uint64_t note_change(std::uint64_t id, change what) REQUIRES(mutex_);
    /// Gives how many objects were changed at once; the rest follows on the pool of writes.
    std::size_t apply(tag_change c);
    void resume(object_index::running_change c);
    void after_change(change what, const std::shared_ptr<object>& o);
    [[nodiscard]] bool enough_free(std::uint64_t bytes);

    const cache_settings settings_;
    file_pool& reads_;
    file_pool& writes_;
    cache_observer observer_;
    budget budget_;
    const std::unique_ptr<eviction_policy> policy_;
    std::unique_ptr<block_store> owned_disk_;
    std::atomic<block_store*> disk_{nullptr};
    std::atomic<state> state_{state::off};
    std::atomic<bool> loaded_{false};
    std::atomic<bool> min_free_told_{false}; ///< once a process: that `min_free` stops writes

    mutex mutex_;
    object_index index_ GUARDED_BY(mutex_);
    recent_changes recent_ GUARDED_BY(mutex_);
    std::uint64_t loading_since_ GUARDED_BY(mutex_){0}; ///< what `changes` was when the directory was opened
    std::atomic<std::uint64_t> changes_{1};             ///< moved on with the mutex held

    mutex metadata_mutex_; // one metadata file is written at a time
    mutex eviction_mutex_; // one eviction at a time, so that several misses do not each empty the cache
    mutex maintenance_mutex_;
    condition_variable maintenance_changed_; ///< `state_` or `stopping_`
    bool stopping_ GUARDED_BY(maintenance_mutex_){false};
    std::thread maintenance_;
    std::string trouble_; ///< why the directory cannot be used, as it was logged; for whoever opens the directory
};

} // namespace sluice::cache
