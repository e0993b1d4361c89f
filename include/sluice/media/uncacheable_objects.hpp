#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace sluice::media {

/// Objects that the cache did not take when they were last asked for: nothing is asked for ahead there, since it would
/// come for nothing.
///
/// A hint in 32 KiB: it forgets, and may take one object for another. Shared by all workers; never waits.
class uncacheable_objects {
public:
    /// The cache did not take `object` (see `lookup_flights::key_of`).
    void note(std::string_view object) noexcept {
        const auto hash = hash_of(object);
        place(hash).store(hash, std::memory_order_relaxed);
    }
    /// It took it.
    void forget(std::string_view object) noexcept {
        auto hash = hash_of(object);
        place(hash).compare_exchange_strong(hash, 0, std::memory_order_relaxed);
    }
    /// Whether it was noted, and not forgotten.
    [[nodiscard]] bool has(std::string_view object) noexcept {
        const auto hash = hash_of(object);
        return place(hash).load(std::memory_order_relaxed) == hash;
    }

private:
    using hash_value = std::uint64_t;
    static constexpr std::size_t places = 4096;

    static hash_value hash_of(std::string_view object) noexcept { return std::hash<std::string_view>{}(object) | 1U; }
    std::atomic<hash_value>& place(hash_value hash) noexcept { return (*noted_)[(hash >> 1U) % places]; }

    std::unique_ptr<std::array<std::atomic<hash_value>, places>> noted_{
        std::make_unique<std::array<std::atomic<hash_value>, places>>()};
};

} // namespace sluice::media
