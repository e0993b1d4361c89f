#pragma once

#include <sluice/base/asio.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice::cache {

/// When the origin last confirmed a version, and whether it must be asked again before the version is served (RFC 9111
/// §4.3, §4.4). Marks are numbered by `object_cache::changes`. From any thread, without a lock.
class validation_state {
public:
    /// A version that was fetched just now.
    validation_state() noexcept { confirm(0); }

    /// What `mark` found.
    enum class mark_result : std::uint8_t {
        known, ///< a mark as new as this was there
        newer, ///< the version had to be revalidated already
        first  ///< it has to be from now on
    };
    /// The version must be revalidated once before it is served again, since the change `number`. Several marks are
    /// one: the next confirmation answers for all.
    mark_result mark(std::uint64_t number) noexcept;
    /// The newest mark; 0: none.
    [[nodiscard]] std::uint64_t marked() const noexcept { return marked_.load(std::memory_order_acquire); }
    /// The newest mark that a confirmation has answered for.
    [[nodiscard]] std::uint64_t confirmed() const noexcept { return confirmed_.load(std::memory_order_acquire); }
    /// Whether a mark has not been answered for.
    [[nodiscard]] bool must_revalidate() const noexcept { return marked() > confirmed(); }

    /// The origin confirmed the version now. `marked_then`: the newest mark when it was asked; later ones stay.
    void confirm(std::uint64_t marked_then) noexcept;
    /// Takes over what a process before this one knew.
    void restore(std::chrono::system_clock::time_point checked) noexcept;

    /// When it was last confirmed, on the steady clock; the far past where the stored time lies in the future.
    [[nodiscard]] steady_clock::time_point checked() const noexcept {
        return steady_clock::time_point(steady_clock::duration(checked_steady_.load(std::memory_order_relaxed)));
    }
    /// The same as a time to be stored, in milliseconds.
    [[nodiscard]] std::chrono::system_clock::time_point checked_wall() const noexcept {
        return std::chrono::system_clock::time_point(
            std::chrono::milliseconds(checked_wall_.load(std::memory_order_relaxed)));
    }

private:
    void set_checked(steady_clock::time_point steady, std::chrono::system_clock::time_point wall) noexcept;

    std::atomic<std::int64_t> checked_steady_{0};
    std::atomic<std::int64_t> checked_wall_{0};
    std::atomic<std::uint64_t> marked_{0};
    std::atomic<std::uint64_t> confirmed_{0};
};

} // namespace sluice::cache
