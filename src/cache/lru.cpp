#include <sluice/base/assert.hpp>
#include <sluice/cache/eviction.hpp>

#include <algorithm>
#include <atomic>
#include <tuple>

namespace sluice::cache {

namespace {

class lru final : public eviction_policy {
public:
    explicit lru(std::uint32_t now) noexcept
        : now_(now) {}

    void touch(usage& u) noexcept override { u.value = now_.load(std::memory_order_relaxed); }
    void fill_begins() noexcept override { now_.fetch_add(1, std::memory_order_relaxed); }

    void rank(std::vector<eviction_candidate>& candidates, std::size_t count) const override {
        SLUICE_ASSERT(count <= candidates.size());
        const std::uint32_t now = now_.load(std::memory_order_relaxed);
        // The smallest first. Distances: 0 first, then from far to near, as a number that wraps says it.
        const auto order_of = [now](const eviction_candidate& c) {
            const std::uint32_t age = now - c.last_use.value;
            return std::tuple(c.in_use, c.reader_distance != 0, ~c.reader_distance, ~age, c.block);
        };
        std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count), candidates.end(),
                          [&](const auto& a, const auto& b) { return order_of(a) < order_of(b); });
    }

private:
    std::atomic<std::uint32_t> now_;
};

} // namespace

std::unique_ptr<eviction_policy> make_lru(std::uint32_t now) {
    return std::make_unique<lru>(now);
}

} // namespace sluice::cache
