#include <sluice/cache/key.hpp>
#include <sluice/media/fetch_window.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// The longest range that is fetched at once before its client has taken anything: by one connection, and by several.
constexpr std::uint64_t max_at_once = 16U << 20U;
constexpr std::uint64_t max_pieces_at_once = 4U << 20U;
/// Where no more than this is ahead of a client, it is asked for in small pieces: a third of it would be too late.
constexpr std::uint64_t small_ahead = 2 * first_window;

constexpr std::uint64_t page_end(std::uint64_t offset) noexcept {
    return cache::page_begin(offset + cache::page_size - 1);
}

} // namespace

std::uint64_t max_window(std::uint64_t read_ahead) noexcept {
    return std::max(read_ahead, first_window);
}

bool is_fetched_at_once(std::uint64_t first, std::uint64_t last, const window_limits& limits) noexcept {
    const std::uint64_t most = max_window(limits.read_ahead);
    return last - first < std::min(most, limits.parallel == 1 ? max_at_once : max_pieces_at_once);
}

std::uint64_t piece_of(std::uint64_t bytes, unsigned parallel) noexcept {
    const std::uint64_t pieces = std::clamp<std::uint64_t>(bytes / (2 * min_piece), 1, parallel);
    return page_end((bytes + pieces - 1) / pieces);
}

fetch_window::fetch_window(const window_limits& limits) noexcept
    : limits_{max_window(limits.read_ahead), limits.parallel}
    , ahead_(std::min(first_ahead, limits_.read_ahead)) {}

void fetch_window::begin(const http::byte_range& wanted, bool is_open) noexcept {
    wanted_ = wanted;
    fetched_to_ = 0;
    frontier_ = wanted.first + ahead_;
    at_once_ = !is_open && is_fetched_at_once(wanted.first, wanted.last, limits_);
    piece_ = piece_of(wanted.last - cache::page_begin(wanted.first) + 1, limits_.parallel);
}

void fetch_window::move(std::uint64_t taken_to, std::uint64_t ahead) noexcept {
    ahead_ = std::min(ahead, limits_.read_ahead);
    frontier_ = std::max(frontier_, taken_to + ahead_);
}

std::uint64_t fetch_window::ahead() const noexcept {
    return at_once_ && limits_.parallel > 1 ? std::max(ahead_, max_pieces_at_once) : ahead_;
}

std::uint64_t fetch_window::step() const noexcept {
    if (ahead_ < small_ahead) {
        return min_piece;
    }
    const std::uint64_t parts = limits_.parallel == 1 ? 3 : 2ULL * limits_.parallel;
    return std::max(cache::page_begin(ahead_ / parts), min_piece);
}

std::uint64_t fetch_window::next_end(std::uint64_t first) const noexcept {
    std::uint64_t size = piece_;
    if (!at_once_) {
        const bool is_large = ahead_ >= small_ahead;
        size = !is_large ? first_window : limits_.parallel == 1 ? ahead_ : std::max(step(), first_window);
    }
    return std::min(page_end(cache::page_begin(first) + size) - 1, wanted_.last);
}

std::optional<http::byte_range> fetch_window::look_ahead(std::uint64_t position) const noexcept {
    if (position > wanted_.last) {
        return std::nullopt;
    }
    const std::uint64_t to = at_once_ ? wanted_.last : std::min(frontier_ - 1, wanted_.last);
    const std::uint64_t from = std::max(position, fetched_to_);
    const bool is_little = to < wanted_.last && from + step() > to + 1;
    return from > to || is_little ? std::nullopt : std::optional(http::byte_range{from, to});
}

std::optional<http::byte_range> fetch_window::fetch_ahead(std::uint64_t position, std::uint64_t gap_begin,
                                                          std::uint64_t gap_end) noexcept {
    if (gap_begin == gap_end || gap_begin <= position) {
        return std::nullopt;
    }
    // Each gap by itself: what lies between them is there.
    std::uint64_t end = gap_end;
    if (at_once_) {
        end = std::min(end, page_end(gap_begin + piece_));
    } else {
        const bool goes_on = gap_end >= frontier_ && gap_end <= wanted_.last;
        if (goes_on && gap_begin + step() > gap_end) {
            return std::nullopt;
        }
        end = limits_.parallel == 1 ? end : std::min(end, gap_begin + step());
    }
    fetched_to_ = end;
    return http::byte_range{gap_begin, end - 1};
}

} // namespace sluice::media
