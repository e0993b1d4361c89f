#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/cache/key.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::cache {

/// What an unsafe request did to something that may be cached (RFC 9111 §4.4).
enum class change : std::uint8_t {
    none,
    invalidated, ///< it must be revalidated once before it is served again
    purged       ///< it is gone
};

/// Calls `visit` with each purge tag of `tags`, a line each.
template <class F>
void for_each_tag(std::string_view tags, F visit) {
    while (!tags.empty()) {
        const auto line = tags.substr(0, tags.find('\n'));
        visit(line);
        tags.remove_prefix(std::min(tags.size(), line.size() + 1));
    }
}

/// Which objects and purge tags were purged or invalidated lately. Something that is being created, or loaded from the
/// disk, is in no index yet: whoever puts it there asks here whether it was changed since the work on it began.
///
/// Bounded: `max_entries` entries, one an object or tag, none older than `max_age`. Asked about a time before the ones
/// that were dropped, it says that everything changed. Entries are told apart by 64-bit hashes: where two collide, an
/// object is fetched or revalidated once more than it need be. Not thread-safe.
class recent_changes {
public:
    /// Objects and tags that are remembered.
    static constexpr std::size_t max_entries = 8192;
    /// Prefixes are compared one by one.
    static constexpr std::size_t max_prefixes = 64;
    /// Longer than anything takes from its authorization into the index.
    static constexpr auto max_age = std::chrono::minutes(10);

    /// The hash by which an object, or a purge tag, is known here.
    [[nodiscard]] static std::uint64_t id_of(std::string_view store, std::string_view name) noexcept;
    /// The same of a purge tag.
    [[nodiscard]] static std::uint64_t id_of(std::string_view tag) noexcept;

    /// Adds the change `number` (greater than all before) of an object or of a purge tag.
    void add(std::uint64_t id, change what, std::uint64_t number, steady_clock::time_point now);
    /// Adds the change of all tags with a prefix.
    void add_prefix(std::string_view prefix, change what, std::uint64_t number);

    /// The most severe change after the one numbered `seen` of this object, of one of its purge tags (`tags`, a line
    /// each) or of a prefix of one.
    [[nodiscard]] change since(std::uint64_t seen, std::string_view store, std::string_view name,
                               std::string_view tags) const;
    /// The same for one purge tag alone.
    [[nodiscard]] change since(std::uint64_t seen, std::string_view tag) const;

    /// While true, no entry is dropped for its age: set while the directory is being loaded.
    void keep_old(bool keep) noexcept { keep_old_ = keep; }
    /// Entries that are kept, without prefixes.
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    /// The number of the last change of each kind; 0: none.
    struct last_of {
        std::uint64_t purged{0};
        std::uint64_t invalidated{0};
        void note(change what, std::uint64_t number) noexcept;
        [[nodiscard]] change since(std::uint64_t seen) const noexcept;
    };
    struct entry {
        std::uint64_t id{0};
        last_of last;
        steady_clock::time_point when{};
    };
    struct prefix_entry {
        std::string text;
        last_of last;
    };
    void drop(const last_of& last) noexcept;
    [[nodiscard]] change since_by_id(std::uint64_t seen, std::uint64_t id) const;

    std::list<entry> entries_; ///< the one that changed longest ago first
    std::unordered_map<std::uint64_t, std::list<entry>::iterator> by_id_;
    std::vector<prefix_entry> prefixes_;
    last_of dropped_; ///< the newest of those that were dropped
    bool keep_old_{false};
};

} // namespace sluice::cache
