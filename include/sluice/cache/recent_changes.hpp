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

/// Calls `visit` with each line of `links`, in which an object's names are kept.
template <class F>
void for_each_link(std::string_view links, F visit) {
    while (!links.empty()) {
        const auto line = links.substr(0, links.find('\n'));
        visit(line);
        links.remove_prefix(std::min(links.size(), line.size() + 1));
    }
}

/// What was purged and invalidated of late, so that whoever began something before can see whether it was about that:
/// an object that is being created, or loaded from the disk, is in no table yet.
///
/// Bounded: one entry a thing that changed, `most` of them, none older than `longest_kept`; who asks for a time before
/// the forgotten ones is told that everything changed. Things are told apart by 64-bit hashes: where two collide, one
/// is fetched or asked for once more than it need be. Not thread-safe.
class recent_changes {
public:
    static constexpr std::size_t most = 8192;
    /// Prefixes are compared one by one.
    static constexpr std::size_t most_prefixes = 64;
    static constexpr auto longest_kept = std::chrono::minutes(10);

    /// Hashes of what changes are about.
    [[nodiscard]] static std::uint64_t id_of(std::string_view store, std::string_view name) noexcept;
    [[nodiscard]] static std::uint64_t id_of(std::string_view app_name) noexcept;

    /// Keeps the change `number` (greater than all before) of an object or of an app's name.
    void add(std::uint64_t id, change what, std::uint64_t number, steady_clock::time_point now);
    /// Keeps that of all app names with a prefix.
    void add_prefix(std::string_view prefix, change what, std::uint64_t number);

    /// The gravest change after the one numbered `seen` that was about this object, one of the app's names for it
    /// (`links`, a line each) or a prefix of one.
    [[nodiscard]] change since(std::uint64_t seen, std::string_view store, std::string_view name,
                               std::string_view links) const;
    /// The same for one of the app's names alone.
    [[nodiscard]] change since(std::uint64_t seen, std::string_view app_name) const;

    /// While held, nothing is forgotten for its age.
    void keep_old(bool keep) noexcept { keep_old_ = keep; }
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
    void forget(const last_of& last) noexcept;
    [[nodiscard]] change since_by_id(std::uint64_t seen, std::uint64_t id) const;

    std::list<entry> entries_; ///< the one that changed longest ago first
    std::unordered_map<std::uint64_t, std::list<entry>::iterator> by_id_;
    std::vector<prefix_entry> prefixes_;
    last_of forgotten_;
    bool keep_old_{false};
};

} // namespace sluice::cache
