#include <sluice/media/client_pace.hpp>

#include <algorithm>
#include <chrono>

namespace sluice::media {

namespace {

constexpr std::chrono::milliseconds sample_time{250};
constexpr double ahead_seconds = 4;
/// The weight of the latest sample.
constexpr double newest = 0.5;
/// A client that reads nothing has taken this much at most, into its socket.
constexpr std::uint64_t in_buffers = 256U << 10U;
/// The least ahead of a client that reads, and the most before it has taken more than that: a fast one hardly waits for
/// a store, and one that stops early costs less than 4 MiB.
constexpr std::uint64_t min_reading_ahead = 7U << 19U;
constexpr std::uint64_t early_ahead = 8U << 20U;

std::uint64_t ahead_of_reading(std::uint64_t taken) noexcept {
    return std::max({min_reading_ahead, std::min(3 * taken, early_ahead), taken / 2});
}

} // namespace

void client_pace::update(std::uint64_t bytes, steady_clock::time_point now) noexcept {
    taken_ = std::max(taken_, bytes);
    if (now - sample_began_ < sample_time) {
        return;
    }
    const auto sample = static_cast<double>(taken_ - sample_from_);
    const double rate = sample / std::chrono::duration<double>(now - sample_began_).count();
    rate_ = rate_ ? *rate_ * (1 - newest) + rate * newest : rate;
    sample_from_ = taken_;
    sample_began_ = now;
}

std::uint64_t client_pace::ahead(std::uint64_t first, std::uint64_t least, std::uint64_t most) const noexcept {
    std::uint64_t bytes = taken_ < in_buffers ? first : ahead_of_reading(taken_);
    if (rate_) {
        const double seconds = std::min(*rate_ * ahead_seconds, static_cast<double>(most));
        bytes = std::min(bytes, static_cast<std::uint64_t>(seconds));
    }
    return std::min(std::max(bytes, least), std::max(most, least));
}

} // namespace sluice::media
