#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

/// Which of what is cached goes first. Pure: no disk, no locks.
namespace sluice::cache {

/// What an eviction policy remembers of a block or an object. It is kept beside it, guarded by the object's mutex, and
/// means something to the policy alone.
struct usage {
    std::uint32_t value{0};
};

/// Something that could be evicted: a block, or an object as a whole.
struct eviction_candidate {
    usage last_use{};
    std::size_t owner{0};             ///< the caller's number of its object
    std::size_t block{0};             ///< of that object
    std::uint32_t reader_distance{0}; ///< how many blocks a live reader is before it, plus 1; 0: none is coming soon
    bool in_use{false};               ///< being read or written; only where whole objects must go all the same
    bool is_whole_object{false};
};

/// Decides the order of eviction, and is the only place that knows how recently anything was used. To add another one,
/// implement it in a file of its own beside `lru.cpp`, and make it in the constructor of `object_cache`.
class eviction_policy {
public:
    virtual ~eviction_policy() = default;

    /// The block or object of `u` is used now: it came into the cache, or a reader takes it. From any thread, `u` being
    /// guarded by the caller. On the path of every hit, once a request and once a block, so neither lock nor allocate.
    virtual void touch(usage& u) noexcept = 0;
    /// A fill begins, which will need room. From any thread.
    virtual void fill_begins() noexcept = 0;
    /// Puts what should be evicted first to the front: the first `count` of `candidates`, at most all of them, in
    /// order. From any thread.
    virtual void rank(std::vector<eviction_candidate>& candidates, std::size_t count) const = 0;
};

/// The least recently used first, on a clock that ticks with every fill: hits between two misses are equally recent,
/// because nothing needed evicting between them. What a live reader comes to soon goes after all else, the furthest
/// from it first; what is in use goes last. `now`: where the clock begins; it may wrap.
[[nodiscard]] std::unique_ptr<eviction_policy> make_lru(std::uint32_t now = 1);

} // namespace sluice::cache
