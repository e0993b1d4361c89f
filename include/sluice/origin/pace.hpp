#pragma once

#include <sluice/base/asio.hpp>

#include <atomic>
#include <cstdint>

namespace sluice::origin {

/// How fast bytes come over one connection, as the time that one byte takes: averages of it are right where bytes came
/// in bursts, which averages of bytes a second are not.
using byte_time = std::chrono::duration<double, std::nano>;

/// Estimates go no further, so that they can be reckoned with.
inline constexpr steady_clock::duration max_estimate = std::chrono::hours(24);

/// The time that `bytes` take; at most `max_estimate`.
[[nodiscard]] constexpr steady_clock::duration time_for(std::uint64_t bytes, byte_time each) noexcept {
    const auto time = static_cast<double>(bytes) * each;
    return time < max_estimate ? std::chrono::duration_cast<steady_clock::duration>(time) : max_estimate;
}

/// How fast one transfer is, of its reads alone: waiting for somebody to want more does not count. One thread.
class fill_pace {
public:
    /// `expected`: until enough came to measure.
    explicit fill_pace(byte_time expected) noexcept
        : smoothed_(expected) {}

    /// A read brought `bytes` after `waited`; true where that changed `each`. What a pause let pile up in the socket
    /// comes at once, and so is averaged with what follows.
    bool add(std::uint64_t bytes, steady_clock::duration waited) noexcept;
    /// The time of one byte: a moving average, or what was expected before anything was measured.
    [[nodiscard]] byte_time each() const noexcept { return smoothed_; }
    /// Whether anything was measured.
    [[nodiscard]] bool is_measured() const noexcept { return measured_; }

private:
    byte_time smoothed_;
    std::uint64_t bytes_{0}; ///< since the last sample
    steady_clock::duration waited_{};
    bool measured_{false};
};

/// What a store's answers were like lately. Thread-safe, without locks: lost updates do no harm.
class pace {
public:
    /// Until the first byte of an answer.
    void note_first_byte(steady_clock::duration d) noexcept;
    /// The time of one byte on one connection, as a fill measured it.
    void note_byte_time(byte_time each) noexcept;

    /// Until the first byte of an answer; before the first answer 50 ms.
    [[nodiscard]] steady_clock::duration first_byte() const noexcept {
        return std::chrono::duration_cast<steady_clock::duration>(
            std::chrono::nanoseconds(first_byte_ns_.load(std::memory_order_relaxed)));
    }
    /// On one connection; before the first transfer 25 ns, which is 40 MB/s.
    [[nodiscard]] byte_time each() const noexcept { return byte_time(byte_ns_.load(std::memory_order_relaxed)); }
    /// The same for a decision that is lost only where the store is slow: before the first transfer 1 us, which is
    /// 1 MB/s.
    [[nodiscard]] byte_time cautious_each() const noexcept {
        return has_byte_time_.load(std::memory_order_relaxed) ? each() : byte_time(1000);
    }

private:
    std::atomic<std::int64_t> first_byte_ns_{50'000'000};
    std::atomic<double> byte_ns_{25};
    std::atomic<bool> has_first_byte_{false};
    std::atomic<bool> has_byte_time_{false};
};

} // namespace sluice::origin
