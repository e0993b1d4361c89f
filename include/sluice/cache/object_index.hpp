#pragma once

#include <sluice/cache/object.hpp>
#include <sluice/cache/recent_changes.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sluice::cache {

/// A purge or an invalidation of all objects that have a purge tag, or one that begins with a prefix. Where there are
/// very many, `object_index` applies it in steps.
struct tag_change {
    change what{change::none};
    bool is_prefix{false};
    std::string text;
    std::uint64_t number{0}; ///< as of `object_cache::changes`; objects put in later are not concerned

    std::string next_tag{};             ///< where the next step goes on
    const object* next_object{nullptr}; ///< of those with that tag; never followed, it may be gone

    /// Whether the change is of objects with this tag.
    [[nodiscard]] bool matches(std::string_view tag) const noexcept {
        return is_prefix ? tag.starts_with(text) : tag == text;
    }
};

/// The objects of a cache, one version each, by their key and by their purge tags. No locks and no disk: the cache
/// guards it with its mutex, and unlinks the files of what leaves.
class object_index {
public:
    /// Shared with those who read and fill it.
    using object_ptr = std::shared_ptr<object>;
    /// A change that goes on in steps.
    using running_change = std::list<tag_change>::iterator;

    /// The present version, or nullptr; also where a running change is about to purge it. One that such a change is
    /// about to invalidate is marked first.
    [[nodiscard]] object_ptr find(std::string_view store, std::string_view name);
    /// The present version, or nullptr, whatever running changes are about to do to it.
    [[nodiscard]] object_ptr present(std::string_view store, std::string_view name) const;
    /// The same by its key.
    [[nodiscard]] object_ptr present(const object_key& k) const { return present(k.store, k.name); }
    /// Present objects.
    [[nodiscard]] std::size_t size() const noexcept { return objects_.size(); }

    /// Makes `o` the present version, as of the change `number`; gives the one before.
    object_ptr put(const object_ptr& o, std::uint64_t number);
    /// Takes `o` out; false where it is not the present version.
    bool remove(const object_ptr& o);
    /// Gives the present version `o` one more tag; false where it is not the present one, has the tag, or has no room.
    bool add_tag(const object_ptr& o, std::string_view tag);

    /// Applies the first step of `c`, and adds what it changed to `changed`: purged objects are out of the index,
    /// invalidated ones marked. No value where that was all; else the rest is to be applied by `resume`.
    std::optional<running_change> apply(tag_change c, std::vector<object_ptr>& changed);
    /// The next step; true where it was the last, and `c` is gone.
    bool resume(running_change c, std::vector<object_ptr>& changed);

    /// A walk over all objects, some at a time, between which the index may change.
    struct position {
        std::size_t bucket{0};
        std::size_t buckets{0};
    };
    /// Adds the next ones to `some`; false at the end. One that is put in meanwhile may be left out, and one may come
    /// twice.
    bool next(position& at, std::vector<object_ptr>& some) const;

private:
    struct key_view {
        std::string_view store;
        std::string_view name;
        friend bool operator==(const key_view&, const key_view&) = default;
    };
    static key_view key_of(const key_view& k) noexcept { return k; }
    static key_view key_of(const object_ptr& o) noexcept { return {o->info().key.store, o->info().key.name}; }
    struct key_hash {
        using is_transparent = void;
        std::size_t operator()(const key_view& k) const noexcept;
        std::size_t operator()(const object_ptr& o) const noexcept { return (*this)(key_of(o)); }
    };
    struct key_equal {
        using is_transparent = void;
        bool operator()(const auto& a, const auto& b) const noexcept { return key_of(a) == key_of(b); }
    };
    using table = std::unordered_set<object_ptr, key_hash, key_equal>;

    /// A tag and an object that has it; the text is the object's.
    struct tagged {
        std::string_view tag;
        const object* of;
    };
    struct tagged_order {
        using is_transparent = void;
        bool operator()(const tagged& a, const tagged& b) const noexcept {
            const int order = a.tag.compare(b.tag);
            return order != 0 ? order < 0 : std::less<>()(a.of, b.of);
        }
        bool operator()(const tagged& a, std::string_view b) const noexcept { return a.tag < b; }
    };

    void erase(table::const_iterator it);
    bool step(tag_change& c, std::vector<object_ptr>& changed);
    /// Applies running changes that have not come to `o` yet; false where one purges it.
    bool apply_running(object& o) const;

    table objects_;
    std::set<tagged, tagged_order> tags_;
    std::list<tag_change> running_;
};

} // namespace sluice::cache
