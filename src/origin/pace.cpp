#include <sluice/origin/pace.hpp>

namespace sluice::origin {

namespace {

/// The weight of what is new in an average of the latest.
constexpr double newest = 0.25;
/// A sample is as long as this, so that one read that found its bytes waiting says nothing by itself.
constexpr std::chrono::milliseconds min_sample{10};
constexpr std::uint64_t min_sample_bytes = 64 * 1024;

} // namespace

bool fill_pace::add(std::uint64_t bytes, steady_clock::duration waited) noexcept {
    bytes_ += bytes;
    waited_ += waited;
    if (waited_ < min_sample || bytes_ < min_sample_bytes) {
        return false;
    }
    const byte_time each = std::chrono::duration_cast<byte_time>(waited_) / static_cast<double>(bytes_);
    smoothed_ = measured_ ? smoothed_ * (1 - newest) + each * newest : each;
    measured_ = true;
    bytes_ = 0;
    waited_ = {};
    return true;
}

void pace::note_first_byte(steady_clock::duration d) noexcept {
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(d).count();
    const auto before = first_byte_ns_.load(std::memory_order_relaxed);
    const auto smoothed = before + static_cast<std::int64_t>(static_cast<double>(ns - before) * newest);
    first_byte_ns_.store(has_first_byte_.exchange(true, std::memory_order_relaxed) ? smoothed : ns,
                         std::memory_order_relaxed);
}

void pace::note_byte_time(byte_time each) noexcept {
    const double before = byte_ns_.load(std::memory_order_relaxed);
    const double smoothed = before + (each.count() - before) * newest;
    byte_ns_.store(has_byte_time_.exchange(true, std::memory_order_relaxed) ? smoothed : each.count(),
                   std::memory_order_relaxed);
}

} // namespace sluice::origin
