#pragma once

#include <array>
#include <string_view>
#include <vector>

/// The values of labels that are there at 0 before their first event, so that `increase()` sees the first one too.
namespace sluice::metrics {

/// What can keep a media request from being served before its first byte: what stores do, what their connections do,
/// and our own. Errors that only keep an object out of the cache are not among them: those bypass it.
[[nodiscard]] std::vector<std::string_view> known_fallback_reasons();

/// `checksum`: damaged pages were found; `locked`, `open`: the directory is another process's, or cannot be opened.
[[nodiscard]] std::array<std::string_view, 5> write_error_reasons();

inline constexpr std::array<std::string_view, 3> eviction_reasons{"budget", "min_free", "objects"};
inline constexpr std::array<std::string_view, 6> close_reasons{"idle",      "limit",     "per_client",
                                                               "slow_body", "slow_send", "slow_turn"};
inline constexpr std::array<std::string_view, 5> revalidation_results{"confirmed", "changed", "gone", "error", "limit"};
inline constexpr std::array<std::string_view, 4> hedge_results{"won", "lost", "error", "limit"};
inline constexpr std::array<std::string_view, 3> codings{"zstd", "br", "gzip"};
inline constexpr std::array<std::string_view, 2> refresh_results{"ok", "error"};
inline constexpr std::array<std::string_view, 6> authorize_results{"granted",    "cached",  "denied",
                                                                   "unresolved", "timeout", "error"};

} // namespace sluice::metrics
