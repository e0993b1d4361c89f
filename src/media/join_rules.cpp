#include <sluice/cache/key.hpp>
#include <sluice/media/join_rules.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// Whether `d` costs no more than a tenth above `reference`.
constexpr bool is_within_a_tenth(steady_clock::duration d, steady_clock::duration reference) noexcept {
    return d * 10 <= reference * 11;
}

} // namespace

steady_clock::duration waited_beyond_first_byte(steady_clock::time_point began, steady_clock::time_point first_byte,
                                                steady_clock::time_point now, const own_request& own) noexcept {
    return now - std::max(began, std::min(first_byte, began + own.first_byte));
}

origin::byte_time seen_byte_time(origin::byte_time measured, std::uint64_t brought, steady_clock::duration waited,
                                 const own_request& own) noexcept {
    if (waited < own.first_byte) {
        return measured;
    }
    const auto bytes = static_cast<double>(std::max<std::uint64_t>(brought, 1));
    return std::max(measured, std::chrono::duration_cast<origin::byte_time>(waited) / bytes);
}

approach choose_approach(const awaited_fill& f, std::uint64_t into_page, const own_request& own) noexcept {
    // What was foreseen for the fill may be older than what is known of the store now.
    const auto wait = std::min(f.until_first_byte, own.first_byte) + origin::time_for(f.distance, f.each);
    if (wait <= unnoticed || is_within_a_tenth(wait, own.first_byte)) {
        return approach::join;
    }
    // What the running fill sees of the store is newer than the store's average.
    const auto beginning = origin::time_for(into_page, std::max(f.each, own.each));
    const bool costs_little = beginning <= unnoticed || is_within_a_tenth(own.first_byte + beginning, own.first_byte);
    return costs_little ? approach::ask_page : approach::ask_inside;
}

} // namespace sluice::media
