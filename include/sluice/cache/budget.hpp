#pragma once

#include <sluice/base/assert.hpp>

#include <atomic>
#include <cstdint>

namespace sluice::cache {

/// How many blocks all objects of a cache hold; a running count, since counting would visit every object. From any
/// thread.
class block_gauge {
public:
    /// Counts `more` blocks, or fewer where it is negative.
    void add(std::int64_t more) noexcept {
        const std::int64_t before = blocks_.fetch_add(more, std::memory_order_relaxed);
        SLUICE_ASSERT(before + more >= 0);
    }
    /// The count now.
    [[nodiscard]] std::uint64_t blocks() const noexcept {
        return static_cast<std::uint64_t>(blocks_.load(std::memory_order_relaxed));
    }

private:
    std::atomic<std::int64_t> blocks_{0};
};

/// The hard limit of what the cache takes on the disk: charged before anything is written. From any thread.
class budget {
public:
    /// `limit`: in bytes.
    explicit budget(std::uint64_t limit) noexcept
        : limit_(limit) {}

    /// Charges `bytes` where they fit under the limit; else nothing, and false.
    [[nodiscard]] bool try_charge(std::uint64_t bytes) noexcept {
        std::uint64_t used = used_.load(std::memory_order_relaxed);
        do {
            if (used + bytes > limit_) {
                return false;
            }
        } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
        return true;
    }
    /// Charges what is on the disk already, even beyond the limit.
    void charge(std::uint64_t bytes) noexcept { used_.fetch_add(bytes, std::memory_order_relaxed); }
    /// Gives back what was charged before.
    void release(std::uint64_t bytes) noexcept {
        const std::uint64_t before = used_.fetch_sub(bytes, std::memory_order_relaxed);
        SLUICE_ASSERT(before >= bytes);
    }

    /// Bytes that are charged now.
    [[nodiscard]] std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    /// Bytes that may be charged; only `charge` goes beyond.
    [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }
    /// The blocks of the objects that are charged here.
    [[nodiscard]] block_gauge& held() noexcept { return held_; }

private:
    const std::uint64_t limit_;
    std::atomic<std::uint64_t> used_{0};
    block_gauge held_;
};

} // namespace sluice::cache
