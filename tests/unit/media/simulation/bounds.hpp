#pragma once

#include <sluice/base/asio.hpp>

#include <chrono>
#include <cstdint>

/// How the simulated Sluice is configured, and what it is held to: the one place for both.
namespace sluice::media::simulation {

inline constexpr std::uint64_t KiB = 1024;
inline constexpr std::uint64_t MiB = 1024 * KiB;
/// Rates are written with these, bytes a second.
inline constexpr double KB = 1000;
inline constexpr double MB = 1'000'000;

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr steady_clock::time_point never = steady_clock::time_point::max();

// As configured by default.
inline constexpr std::uint64_t block_size = MiB;
inline constexpr std::uint64_t default_read_ahead = 16 * MiB;
inline constexpr milliseconds response_timeout{10'000}; ///< of the store: its patience
inline constexpr milliseconds fetch_timeout{5'000};     ///< `fallback.after`
inline constexpr unsigned breaker_failures = 5;
inline constexpr milliseconds breaker_open{10'000};

// First bytes: no later than this many times one exact request, which costs the store's latency and what lies before
// the byte in its page ...
inline constexpr double max_first_byte = 1.1;
/// (where the fill that is followed turns out to be slow meanwhile: as long again, in which that shows) ...
inline constexpr double max_first_byte_of_late_decision = 2.1;
/// ... and what nobody sees (`join_rules`: `unnoticed`), twice: the decision's, and the model's reads, which come in
/// pieces.
inline constexpr milliseconds first_byte_grain{10};

// Sequences.
/// The first request (from 0) whose first byte is there when it is asked for.
inline constexpr std::size_t foreseen_from = 3;
inline constexpr milliseconds is_there{5};
/// Bytes that were fetched and never sent, as a part of those sent.
inline constexpr double max_unsent_of_player = 0.10;
inline constexpr double max_unsent_of_pdf = 0.40;

// Windows: bytes that the store sent ahead of what the client took.
inline constexpr std::uint64_t max_ahead_of_slow = 3 * MiB / 2;
inline constexpr std::uint64_t max_ahead_of_stopped = 4 * MiB;

/// How often a viewer waits for a window, after its first byte: while the windows are short.
inline constexpr unsigned max_waits_of_viewer = 3;

// Blips. A request is not tried again where the next pause, a second at most, would be longer than its time.
inline constexpr milliseconds last_pause{1'000};
/// What else a retry costs: the answer's latency, connecting, and what is rounded up.
inline constexpr milliseconds retry_grain{500};

/// Until a request without a byte is answered, or left to the app ...
inline constexpr auto max_wait_for_first = fetch_timeout + retry_grain;
/// ... and until one that had bytes, and waits for the next, has them, or is cut.
inline constexpr auto max_wait_for_rest = response_timeout + fetch_timeout + retry_grain;

} // namespace sluice::media::simulation
