#pragma once

#include <sluice/base/assert.hpp>

#include <atomic>
#include <utility>

namespace sluice {

/// Counts one more in `counter` for as long as this object exists: a connection, a queued job. The counter must outlive
/// it. From any thread.
template <class Number>
class [[nodiscard]] scoped_count {
public:
    /// Counts one more in `counter`, which must outlive this.
    explicit scoped_count(std::atomic<Number>& counter) noexcept
        : counter_(&counter)
        , before_(counter.fetch_add(1, std::memory_order_relaxed)) {}
    scoped_count(scoped_count&& other) noexcept
        : counter_(std::exchange(other.counter_, nullptr))
        , before_(other.before_) {}
    scoped_count& operator=(scoped_count&&) = delete;
    ~scoped_count() { leave(); }

    /// What the counter was before this one.
    [[nodiscard]] Number before() const noexcept { return before_; }
    /// Takes it out of the count now. Once.
    void leave() noexcept {
        if (auto* counter = std::exchange(counter_, nullptr)) {
            const auto before = counter->fetch_sub(1, std::memory_order_relaxed);
            SLUICE_ASSERT(before > 0);
            static_cast<void>(before);
        }
    }

private:
    std::atomic<Number>* counter_;
    Number before_;
};

} // namespace sluice
