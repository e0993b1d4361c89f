#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/error.hpp>
#include <sluice/http/head.hpp>

#include <chrono>
#include <optional>

/// When a failed request to a store is sent again. Pure.
namespace sluice::origin {

/// The pause that a store asks for with `Retry-After` (RFC 9110 §10.2.3), in seconds or as a date; `now`: of the wall
/// clock. Nullopt where it asks for none, or for one that cannot be read.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(const http::response_head& head,
                                                                   std::chrono::system_clock::time_point now);

/// The pause before the attempt that follows `failed_in_row` failed ones (at least 1), before it is spread at random:
/// 50 ms, doubled with each, a second at most.
[[nodiscard]] std::chrono::milliseconds back_off_after(unsigned failed_in_row) noexcept;

/// A failed attempt.
struct failed_attempt {
    const error& why;
    unsigned in_row{1};                                   ///< attempts that failed so far, with this one
    std::optional<std::chrono::milliseconds> asked_for{}; ///< by the store, see `retry_after`
};

/// What happens after a failed attempt.
struct retry {
    bool again{false};
    std::chrono::milliseconds pause{0}; ///< at least; as long as the store asked for, where it did
    bool exact{false};                  ///< the store's own word: not to be shortened
};

/// Whether and when a request with `left` of its time is sent again. It is time that ends it, not the number of
/// attempts: a store that fails for a moment costs that moment. What waiting cannot mend is not waited for: a failure
/// that is not `retryable`, missing credentials (renewed in the background, which takes longer), a store that asks for
/// more time than there is.
[[nodiscard]] retry after_failure(const failed_attempt& a, steady_clock::duration left) noexcept;

} // namespace sluice::origin
