#pragma once

#include <sluice/base/scoped_count.hpp>

#include <atomic>
#include <optional>

namespace sluice::media {

/// At most so many of something at once, over all workers: fills, encoders, requests that the app answers because
/// of a fault. From any thread.
class slot_limit {
public:
    /// One of them, until its end. The limit must outlive it.
    using slot = scoped_count<unsigned>;

    explicit slot_limit(unsigned max) noexcept
        : max_(max) {}
    slot_limit(const slot_limit&) = delete;
    slot_limit& operator=(const slot_limit&) = delete;

    /// Nullopt where all are in use, or so many that fewer than `spared` would be left.
    [[nodiscard]] std::optional<slot> try_take(unsigned spared = 0) noexcept {
        std::optional<slot> taken(std::in_place, used_);
        if (taken->before() + spared >= max_) {
            taken.reset();
        }
        return taken;
    }

    /// How many there are.
    [[nodiscard]] unsigned max() const noexcept { return max_; }
    /// How many are in use.
    [[nodiscard]] unsigned in_use() const noexcept { return used_.load(std::memory_order_relaxed); }

private:
    std::atomic<unsigned> used_{0};
    unsigned max_;
};

} // namespace sluice::media
