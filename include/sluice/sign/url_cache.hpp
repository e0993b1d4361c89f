#pragma once

#include <sluice/sign/signer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice::sign {

/// How long before its end a URL of this life is no longer handed out: a tenth of it, at least 10 s and at most 60 s,
/// but never more than half, so that a life of seconds still works.
[[nodiscard]] std::chrono::system_clock::duration reuse_margin(std::chrono::system_clock::duration life) noexcept;

/// Signed requests kept for reuse, the least recently used dropped beyond `capacity`. All of them were made with one
/// snapshot of credentials; with the next snapshot all are dropped. From any thread, in short critical sections.
class url_cache {
public:
    using time_point = std::chrono::system_clock::time_point;
    /// Held, not only compared: the address of a snapshot that is kept cannot be used again.
    using snapshot = std::shared_ptr<const void>;

    explicit url_cache(std::size_t capacity);

    /// The request kept for `key`, nullptr where there is none that is good at `now`. Drops everything that was made
    /// with other credentials than `credentials`.
    [[nodiscard]] std::shared_ptr<const signed_request> find(std::string_view key, method m, time_point now,
                                                             const snapshot& credentials);

    /// The same past the time at which it should be renewed, for when it cannot be: good for at least `left` more.
    [[nodiscard]] std::shared_ptr<const signed_request> find_old(std::string_view key, method m, time_point now,
                                                                 time_point::duration left);

    /// Keeps `request`, made at `now`. Does nothing where `credentials` are no longer those last asked for.
    void put(std::string_view key, method m, time_point now, const snapshot& credentials,
             std::shared_ptr<const signed_request> request);

    void erase(std::string_view key, method m);

    [[nodiscard]] std::size_t size() const;

private:
    struct entry {
        std::string key;
        method m;
        time_point from;  ///< made then; earlier means that the clock was set back
        time_point until; ///< handed out before that
        std::shared_ptr<const signed_request> request;
    };
    using order = std::list<entry>;
    using index = std::unordered_map<std::string_view, order::iterator>; // views of the entries' own keys

    void drop(order::iterator it);
    void clear();
    [[nodiscard]] index& index_of(method m) { return indexes_[static_cast<std::size_t>(m)]; }

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    order entries_; // most recently used first
    std::array<index, 2> indexes_;
    snapshot credentials_;
};

} // namespace sluice::sign
