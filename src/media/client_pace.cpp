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
/// Ahead of a client that reads: with this a fast one waits for no store, and one that stops costs less than 4 MiB.
constexpr std::uint64_t reading_ahead = 7U << 19U;

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
    std::uint64_t bytes = taken_ < in_buffers ? first : std::max(reading_ahead, taken_);
    if (rate_) {
        const double seconds = std::min(*rate_ * ahead_seconds, static_cast<double>(most));
        bytes = std::min(bytes, static_cast<std::uint64_t>(seconds));
    }
    return std::min(std::max(bytes, least), std::max(most, least));
}

} // namespace sluice::media
