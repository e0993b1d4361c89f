#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/mutex.hpp>
#include <sluice/cache/block_store.hpp>
#include <sluice/cache/key.hpp>
#include <sluice/cache/validation_state.hpp>

#include <atomic>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>

namespace sluice::cache {

/// What is known of one version of an object beside its pages: what it is, by which tags it is purged, and whether it
/// must be revalidated. From any thread.
class object_record {
public:
    object_record(const object_record&) = delete;
    object_record& operator=(const object_record&) = delete;

    /// What never changes; without the purge tags.
    [[nodiscard]] const object_info& info() const noexcept { return info_; }
    /// What its files are called.
    [[nodiscard]] std::string file_name() const { return block_store::name_of(info_.key, serial_); }

    /// Its purge tags, a line each; "" where it has none yet.
    [[nodiscard]] std::string purge_tags() EXCLUDES(mutex_);
    /// Whether it is purged by `tag`.
    [[nodiscard]] bool has_tag(std::string_view tag) EXCLUDES(mutex_);
    /// Adds a tag, where all of them together take no more than `max_purge_tags` bytes. Gives it where it is new, else
    /// nullptr. For `object_index`, which knows objects by their tags.
    const std::string* add_tag(std::string_view tag) EXCLUDES(mutex_);
    /// Calls `visit` with each tag, the object being locked; they live as long as it.
    template <class F>
    void for_each_tag(F visit) EXCLUDES(mutex_) {
        const mutex_lock lock(mutex_);
        for (const std::string& tag : tags_) {
            visit(tag);
        }
    }

    /// Replaced or purged: its files are unlinked, its readers finish on the open descriptor.
    void retire() noexcept { retired_.store(true); }
    /// Whether it is retired.
    [[nodiscard]] bool retired() const noexcept { return retired_.load(); }

    // These are explained at `validation_state`; changes are written to the metadata file.

    /// True where the version did not have to be revalidated before.
    bool mark_changed(std::uint64_t number) noexcept;
    /// The origin confirmed the version: `validation_state::confirm`.
    void confirm_version(std::uint64_t marked_then) noexcept;
    /// Whether a mark has not been answered for.
    [[nodiscard]] bool must_revalidate() const noexcept { return validation_.must_revalidate(); }
    /// The newest mark; 0: none.
    [[nodiscard]] std::uint64_t marked() const noexcept { return validation_.marked(); }
    /// The newest mark that was answered for.
    [[nodiscard]] std::uint64_t confirmed() const noexcept { return validation_.confirmed(); }
    /// When the origin last confirmed it.
    [[nodiscard]] steady_clock::time_point checked() const noexcept { return validation_.checked(); }

    /// Stands for what the app calls the bytes that this version has; 0: not known, as after a restart.
    [[nodiscard]] std::uint64_t app_version() const noexcept { return app_version_.load(std::memory_order_acquire); }
    /// The origin was asked after the app had said this.
    void set_app_version(std::uint64_t version) noexcept { app_version_.store(version, std::memory_order_release); }

    /// The last change (`object_cache::changes`) when it was put into the index. Both are called with the cache's mutex
    /// held.
    void set_indexed_at(std::uint64_t number) noexcept { indexed_at_ = number; }
    /// The value set by `set_indexed_at`.
    [[nodiscard]] std::uint64_t indexed_at() const noexcept { return indexed_at_; }

    /// True once after each change that the metadata file does not hold yet.
    bool take_dirty() noexcept { return dirty_.exchange(false); }
    /// Marks the metadata as dirty.
    void mark_dirty() noexcept { dirty_.store(true); }

protected:
    object_record(object_info info, std::uint64_t serial);
    ~object_record() = default;

    /// `purge_tags`, while it is locked.
    [[nodiscard]] std::string joined_tags() const REQUIRES(mutex_);
    /// Takes over what the metadata file says.
    void restore_validation(std::chrono::system_clock::time_point checked, bool must_revalidate) noexcept;
    /// For what is written to the disk.
    [[nodiscard]] const validation_state& validation() const noexcept { return validation_; }

    mutex mutex_; ///< of the whole object

private:
    std::forward_list<std::string> tags_ GUARDED_BY(mutex_); // taken out of info_, where they are one text
    const object_info info_;
    const std::uint64_t serial_;
    std::atomic<bool> dirty_{true};
    std::atomic<bool> retired_{false};
    validation_state validation_;
    std::uint64_t indexed_at_{0};
    std::atomic<std::uint64_t> app_version_{0};
};

} // namespace sluice::cache
