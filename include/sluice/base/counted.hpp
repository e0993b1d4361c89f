#pragma once

#include <atomic>
#include <utility>

namespace sluice {

/// One among those that `counter` counts, from here to this object's end, whatever brings it about: a connection, a
/// piece of work. The counter must outlive it. From any thread.
template <class Number>
class [[nodiscard]] counted {
public:
    explicit counted(std::atomic<Number>& counter) noexcept
        : counter_(&counter)
        , before_(counter.fetch_add(1, std::memory_order_relaxed)) {}
    counted(counted&& other) noexcept
        : counter_(std::exchange(other.counter_, nullptr))
        , before_(other.before_) {}
    counted& operator=(counted&&) = delete;
    ~counted() { leave(); }

    /// How many there were when it came.
    [[nodiscard]] Number before() const noexcept { return before_; }
    /// Ends being counted now.
    void leave() noexcept {
        if (auto* counter = std::exchange(counter_, nullptr)) {
            counter->fetch_sub(1, std::memory_order_relaxed);
        }
    }

private:
    std::atomic<Number>* counter_;
    Number before_;
};

} // namespace sluice
