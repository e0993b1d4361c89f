#include <sluice/cache/sequential_reads.hpp>

#include <algorithm>

namespace sluice::cache {

namespace {

/// Two requests may be neighbours by chance; the third is no chance.
constexpr unsigned min_requests = 2;
/// Ahead of a sequence that leaves parts out; to a multiple of `skipping_unit`, so that not each request brings one of
/// ours.
constexpr std::uint64_t skipping_ahead = 384 * 1024;
constexpr std::uint64_t skipping_unit = 128 * 1024;

bool is_skipping(const sequence& s, std::uint64_t first) noexcept {
    return 16 * (s.skipped + (first - s.next)) > s.bytes;
}

/// Whether a request for bytes from `first` on goes on with `s`.
bool goes_on(const sequence& s, std::uint64_t first) noexcept {
    return s.requests > 0 && s.next <= first && first - s.next <= sequential_reads::max_gap;
}

} // namespace

std::optional<sequence> sequential_reads::preceding(std::uint64_t first) const noexcept {
    const auto it = std::ranges::find_if(sequences_, [first](const sequence& s) { return goes_on(s, first); });
    return it == sequences_.end() ? std::nullopt : std::optional(*it);
}

void sequential_reads::sent(std::uint64_t first, std::uint64_t last, steady_clock::time_point began,
                            steady_clock::time_point now) noexcept {
    const auto found = std::ranges::find_if(sequences_, [first](const sequence& s) { return goes_on(s, first); });
    if (found != sequences_.end()) {
        found->skipped += first - found->next;
        found->next = last + 1;
        found->last_length = last - first + 1;
        found->bytes += found->last_length;
        ++found->requests;
        found->latest = now;
        return;
    }
    const auto oldest = std::ranges::min_element(sequences_, {}, &sequence::latest);
    *oldest = {last + 1, last - first + 1, last - first + 1, 0, 1, began, now};
}

std::uint64_t read_to(const std::optional<sequence>& before, std::uint64_t first, std::uint64_t last,
                      steady_clock::time_point now, const ahead_limits& limits) noexcept {
    if (!before || before->requests < min_requests) {
        return last + 1;
    }
    const std::uint64_t length = last - first + 1;
    // What is named costs nothing, and may be left at once: only what was sent speaks for what is to come.
    if (length > std::max(4 * before->last_length, limits.block_size)) {
        return last + 1;
    }
    if (is_skipping(*before, first)) {
        const std::uint64_t most =
            std::min(std::max(std::min(skipping_ahead, before->bytes), before->last_length), limits.read_ahead);
        return std::max((last + 1 + most) / skipping_unit * skipping_unit, last + 1 + std::min(length, most));
    }
    const auto took = std::max<steady_clock::duration>(now - before->began, std::chrono::milliseconds(1));
    const double while_answered =
        static_cast<double>(before->bytes) * (std::chrono::duration<double>(2 * limits.first_byte) / took);
    const std::uint64_t most =
        std::min(std::max({before->bytes / 4, std::min(limits.block_size, before->bytes), before->last_length}),
                 limits.read_ahead);
    const auto ahead = std::max(static_cast<double>(length), while_answered);
    const std::uint64_t to = last + 1 + static_cast<std::uint64_t>(std::min(ahead, static_cast<double>(most)));
    const std::uint64_t block_end = (to + limits.block_size - 1) / limits.block_size * limits.block_size;
    // Nor by a page with each request.
    return block_end - to <= most ? block_end : to;
}

} // namespace sluice::cache
