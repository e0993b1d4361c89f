#pragma once

#include <sluice/identity/credentials.hpp>

#include <chrono>
#include <optional>

namespace sluice::identity {

/// When to request a credential again, as pure decisions. `random` from 0 to 1 spreads many sidecars.
struct refresh_schedule {
    /// As the timers take it.
    using duration = std::chrono::milliseconds;
    /// From now until the next attempt, after a success: before the expiry by a tenth of what is left, at least 5
    /// minutes and at most 15, jittered by a fifth; lives shorter than 10 minutes are refreshed half-way. No later than
    /// `refresh_at`, and sooner by up to a tenth of the way. Without either: `duration::max()`. Never below 100 ms.
    [[nodiscard]] static duration after_success(time_point now, std::optional<time_point> expires,
                                                std::optional<time_point> refresh_at, double random);
    /// After the n-th failure in a row (from 1): 1 s, doubled each time up to 60 s, or up to 10 s without a valid
    /// credential, jittered by a fifth. A credential that is valid until `valid_until` is tried for at least three
    /// times before that, where possible. `valid_until`: `time_point::max()` for one that never expires; unset, or
    /// past: there is no valid credential.
    [[nodiscard]] static duration after_failure(unsigned n, time_point now, std::optional<time_point> valid_until,
                                                double random);
};

/// From 0 to 1, for `refresh_schedule`. From any thread.
[[nodiscard]] double random_unit();

} // namespace sluice::identity
