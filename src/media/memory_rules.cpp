#include <sluice/media/memory_rules.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// What clients that are as fast as each other differ by for a moment.
constexpr std::chrono::milliseconds min_hold{200};
/// However long the transfer runs: who pauses does not stop the others' playback.
constexpr std::chrono::seconds max_hold{1};
/// Of the pace of the first ones, what the last ones have at least.
constexpr double least_pace = 0.75;

} // namespace

std::uint64_t ring_capacity(std::uint64_t limit, std::size_t streams) noexcept {
    const std::uint64_t share = limit / 2 / std::max<std::size_t>(streams, 1);
    return std::clamp(share / memory_piece * memory_piece, min_ring, max_ring);
}

bool follows_stream(const running_stream& s, const http::byte_range& wanted, const own_request& own) noexcept {
    if (wanted.first < s.begin || s.complete_for > max_complete) {
        return false;
    }
    if (!s.is_resumable && (wanted.last >= s.get_end || s.is_held_back)) {
        return false;
    }
    if (wanted.first <= s.end) {
        return true;
    }
    const std::uint64_t distance = wanted.first - s.end;
    return distance <= max_ahead && choose_approach({distance, {}, s.each}, 0, own) == approach::join;
}

steady_clock::duration hold_left(const held_back& h) noexcept {
    const auto left = min_hold + std::min<steady_clock::duration>(h.running / 10, max_hold) - h.held;
    if (left > steady_clock::duration::zero()) {
        return left;
    }
    // Bytes a second of the first ones while they do not wait, and of the last ones while they are waited for.
    const std::chrono::duration<double> moving = std::max<steady_clock::duration>(h.running - h.held, min_hold / 10);
    const double first = static_cast<double>(h.read) / moving.count();
    const double last = static_cast<double>(h.taken) / std::chrono::duration<double>(h.held).count();
    return last < first * least_pace ? steady_clock::duration::zero() : steady_clock::duration(min_hold / 4);
}

bool asks_ahead(std::uint64_t remaining, origin::byte_time each, steady_clock::duration first_byte) noexcept {
    return origin::time_for(remaining, each) <= 2 * first_byte;
}

} // namespace sluice::media
