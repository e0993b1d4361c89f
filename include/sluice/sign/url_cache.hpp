#pragma once

#include <sluice/base/mutex.hpp>
#include <sluice/sign/signer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice::sign {

/// How long before its expiry a URL with this lifetime is no longer reused: a tenth of it, at least 10 s and at most 60
/// s, but never more than half, so that a lifetime of seconds still works.
[[nodiscard]] std::chrono::system_clock::duration reuse_margin(std::chrono::system_clock::duration life) noexcept;

/// Signed requests cached for reuse, at most `capacity`: the least recently used are evicted. All of them were made
/// with one snapshot of credentials, and the next snapshot evicts them all. From any thread, in short critical
/// sections.
class url_cache {
public:
    /// By the wall clock.
    using time_point = std::chrono::system_clock::time_point;
    /// Held, not only compared: while it is, its address cannot be reused by another.
    using snapshot = std::shared_ptr<const void>;

    /// `capacity`: how many requests are cached at most.
    explicit url_cache(std::size_t capacity);

    /// The request cached for `key`; nullptr where there is none that may be reused at `now`. Evicts everything that
    /// was made with other credentials than `credentials`.
    [[nodiscard]] std::shared_ptr<const signed_request> find(std::string_view key, method m, time_point now,
                                                             const snapshot& credentials);

    /// The same past the time at which it should be replaced, for when it cannot be: valid for at least `left` more.
    [[nodiscard]] std::shared_ptr<const signed_request> find_old(std::string_view key, method m, time_point now,
                                                                 time_point::duration left);

    /// Caches `request`, made at `now`. Does nothing where `credentials` are no longer those of the last `find`.
    void put(std::string_view key, method m, time_point now, const snapshot& credentials,
             std::shared_ptr<const signed_request> request);

    /// Removes the request cached for `key`, where there is one.
    void erase(std::string_view key, method m);

    /// How many are cached.
    [[nodiscard]] std::size_t size() const;

private:
    struct entry {
        std::string key;
        method m;
        time_point from;  ///< when it was made; an earlier "now" means that the clock was set back
        time_point until; ///< reused before that
        std::shared_ptr<const signed_request> request;
    };
    using order = std::list<entry>;
    using index = std::unordered_map<std::string_view, order::iterator>; // views of the entries' own keys

    void drop(order::iterator it) REQUIRES(mutex_);
    void clear() REQUIRES(mutex_);
    [[nodiscard]] index& index_of(method m) REQUIRES(mutex_) { return indexes_[static_cast<std::size_t>(m)]; }

    const std::size_t capacity_;
    mutable mutex mutex_;
    order entries_ GUARDED_BY(mutex_); ///< most recently used first
    std::array<index, 2> indexes_ GUARDED_BY(mutex_);
    snapshot credentials_ GUARDED_BY(mutex_);
};

} // namespace sluice::sign
