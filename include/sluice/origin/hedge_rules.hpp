#pragma once

#include <sluice/base/asio.hpp>

#include <atomic>
#include <cstdint>

/// When a request to a store that has not been answered for `stores.NAME.hedge_after` is sent a second time, beside the
/// first, and which of the two answers counts.
namespace sluice::origin {

/// Bounds the second requests to a store to 5 % of the first ones, and a few more: without those, a store that is
/// seldom asked would never have one. Thread-safe, without locks.
class hedge_budget {
public:
    /// So many first requests earn a second one.
    static constexpr int requests_each = 20;
    /// So many second ones are there at the start, and may be saved at most.
    static constexpr int burst = 5;

    /// A first request is sent.
    void note_request() noexcept;
    /// Whether a second one may be sent; it is then taken out of the budget.
    [[nodiscard]] bool try_take() noexcept;

private:
    std::atomic<int> earned_{burst * requests_each}; ///< in first requests
};

/// Where one of the two requests stands.
enum class attempt_state : std::uint8_t {
    not_begun,
    running,
    failed,  ///< in a way in which the other one may not
    answered ///< the store's answer, whatever it says: it would answer the other one alike
};

/// How two requests end.
enum class hedge_end : std::uint8_t { open, first, second, neither };

/// Which of the two counts: the first one to be answered, the earlier request where both are. One that fails leaves it
/// to the other; a second one is not begun where the first failed. Pure.
[[nodiscard]] constexpr hedge_end end_of(attempt_state first, attempt_state second) noexcept {
    if (first == attempt_state::answered) {
        return hedge_end::first;
    }
    if (second == attempt_state::answered) {
        return hedge_end::second;
    }
    const bool is_running = first == attempt_state::running || second == attempt_state::running;
    return is_running ? hedge_end::open : hedge_end::neither;
}

/// Whether a request may have a second one beside it: `after` is `hedge_after`, `left` what the request has of its
/// time. Pure.
[[nodiscard]] constexpr bool may_hedge(bool is_get, steady_clock::duration after,
                                       steady_clock::duration left) noexcept {
    return is_get && after > steady_clock::duration::zero() && after < left;
}

} // namespace sluice::origin
