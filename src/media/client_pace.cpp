#include <sluice/media/client_pace.hpp>

#include <algorithm>
#include <chrono>

namespace sluice::media {

namespace {

constexpr std::chrono::milliseconds sample_time{250};
constexpr double ahead_seconds = 4;
/// The weight of the latest sample.
constexpr double newest = 0.5;

} // namespace

void client_pace::add(std::uint64_t bytes, steady_clock::time_point now) noexcept {
    taken_ += bytes;
    sample_ += bytes;
    if (now - sample_began_ < sample_time) {
        return;
    }
    const double rate = static_cast<double>(sample_) / std::chrono::duration<double>(now - sample_began_).count();
    rate_ = rate_ ? *rate_ * (1 - newest) + rate * newest : rate;
    sample_ = 0;
    sample_began_ = now;
}

std::uint64_t client_pace::window(std::uint64_t least, std::uint64_t most) const noexcept {
    const auto taken = static_cast<double>(taken_);
    const double ahead = rate_ ? std::min(2 * taken, *rate_ * ahead_seconds) : taken;
    const auto bytes = static_cast<std::uint64_t>(std::min(ahead, static_cast<double>(most)));
    return std::min(std::max(bytes, least), std::max(most, least));
}

} // namespace sluice::media
