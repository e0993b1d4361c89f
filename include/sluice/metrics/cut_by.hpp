#pragma once

#include <sluice/base/error.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::metrics {

/// Who kept a response that was begun from being sent whole: the `by` label of `responses_cut_total`, and `cut_by` in
/// the access log.
enum class cut_by : std::uint8_t {
    client,   ///< it left, or was too slow
    app,      ///< its response broke off
    origin,   ///< the store, or what is between it and us
    internal, ///< this process: its disk, its memory
    drain     ///< `limits.drain_timeout`
};

inline constexpr std::array all_cut_by{cut_by::client, cut_by::app, cut_by::origin, cut_by::internal, cut_by::drain};

/// Who that is, where an error of `source` kept the rest from being sent.
[[nodiscard]] constexpr cut_by cut_by_of(error_source source) noexcept {
    switch (source) {
    case error_source::client:
        return cut_by::client;
    case error_source::app:
        return cut_by::app;
    case error_source::origin:
        return cut_by::origin;
    case error_source::internal:
        break;
    }
    return cut_by::internal;
}

/// The label's value; lives forever.
[[nodiscard]] constexpr std::string_view to_string(cut_by by) noexcept {
    switch (by) {
    case cut_by::client:
        return "client";
    case cut_by::app:
        return "app";
    case cut_by::origin:
        return "origin";
    case cut_by::internal:
        return "internal";
    case cut_by::drain:
        break;
    }
    return "drain";
}

} // namespace sluice::metrics
