#pragma once

#include <sluice/origin/pace.hpp>
#include <sluice/origin/store.hpp>

#include <algorithm>
#include <cstdint>

namespace sluice::media::detail {

/// How a transfer from a store comes on: it is the time since its last byte that ends one which breaks, not how often
/// it does.
struct transfer_progress {
    /// A store that breaks with less between, after each byte even, is not asked back to back.
    static constexpr std::uint64_t enough = 64 * 1024;

    steady_clock::time_point last_byte{steady_clock::now()}; ///< without the time in which nobody wanted one
    unsigned broken_in_row{0};                               ///< how often it broke without `enough` between
    std::uint64_t since_break{0};                            ///< bytes
    steady_clock::time_point give_up{};                      ///< where it broke: when its time is over
    origin::fill_pace pace;

    /// `n` bytes have come.
    void note_bytes(std::uint64_t n) {
        last_byte = steady_clock::now();
        since_break += n;
        if (since_break >= enough) {
            broken_in_row = 0;
        }
    }
    /// It broke. A silence may have used up the store's patience: what follows has at least the time of one fetch.
    void note_break(const origin::store& s) {
        const auto least = broken_in_row == 0 ? steady_clock::now() + s.fetch_timeout() : give_up;
        give_up = std::max(last_byte + s.patience(), least);
        since_break = 0;
        ++broken_in_row;
    }
};

} // namespace sluice::media::detail
