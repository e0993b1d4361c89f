#include <sluice/cache/key.hpp>
#include <sluice/media/join_rules.hpp>

namespace sluice::media {

namespace {

/// Whether `d` costs no more than a tenth above `reference`.
constexpr bool is_within_a_tenth(steady_clock::duration d, steady_clock::duration reference) noexcept {
    return d * 10 <= reference * 11;
}

} // namespace

approach choose_approach(const awaited_fill& f, std::uint64_t into_page, const own_request& own) noexcept {
    const auto wait = f.until_first_byte + origin::time_for(f.distance, f.each);
    if (f.distance < cache::page_size || wait <= unnoticed || is_within_a_tenth(wait, own.first_byte)) {
        return approach::join;
    }
    const auto from_page = own.first_byte + origin::time_for(into_page, own.each);
    return is_within_a_tenth(from_page, own.first_byte) ? approach::ask_page : approach::ask_inside;
}

} // namespace sluice::media
