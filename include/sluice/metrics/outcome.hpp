#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::metrics {

/// How a request was answered: the `result` label, the access log's field, and the base of `Cache-Status`.
enum class outcome : std::uint8_t {
    hit,
    partial,
    miss,
    stale,
    revalidated,
    bypass,
    local, ///< from a local store's own file, which is never cached
    fallback,
    redirect,
    denied,
    relay
};
inline constexpr std::size_t outcome_count = 11;

/// The label's value; lives forever.
[[nodiscard]] std::string_view to_string(outcome o) noexcept;

} // namespace sluice::metrics
