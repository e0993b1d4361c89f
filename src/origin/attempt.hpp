#pragma once

#include <sluice/base/secret.hpp>
#include <sluice/origin/fetch.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace sluice::origin::detail {

/// A signed request as it goes out, and where to. It may be sent more than once.
struct signed_message {
    wiped_text text;
    bool tls{false};
    std::string host;
    std::uint16_t port{0};
};

/// What came of sending a request once.
struct attempt {
    std::optional<fetched> answer{};
    error failure{};      ///< without `answer`
    bool sent{false};     ///< to the store; an earlier failure, as in signing, is not the store's
    bool answered{false}; ///< the store sent a whole head
    bool refused{false};  ///< 400, 401 or 403: the URL may be at fault (S3 answers 400 to an expired token)
    bool hurried{false};  ///< timed out so early that it says nothing about the store
    steady_clock::duration first_byte{};                    ///< until the head came, where it is answered
    std::optional<std::chrono::milliseconds> retry_after{}; ///< what the store asked for

    /// The store works: it has answered, and would answer alike again.
    [[nodiscard]] bool speaks_for_store() const noexcept { return answer || (answered && !failure.retryable); }
    /// It failed by the store's fault. A refusal by an HTTP proxy on the way counts too: it would be repeated. A store
    /// that asks for a slower pace works.
    [[nodiscard]] bool speaks_against_store() const noexcept {
        return !speaks_for_store() && sent && !hurried && failure.code != errc::throttled;
    }
};

/// Signs `r` into `out`. Both must live until completion. Errors: `no_credentials`, `sign_failed`.
awaitable<result<void>> sign_message(store& s, const fetch_request& r, signed_message& out);

/// Sends `message` once, and checks the head of the answer against `r`, whose key is not looked at. `canceler`: cancels
/// it, with `canceled`; null: nobody does. All must live until completion; none need outlive what the answer gives.
awaitable<attempt> send_message(net::connection_pool& pool, store& s, const fetch_request& r,
                                const signed_message& message, net::request_canceler* canceler);

/// Signs and sends `r` once; a GET that is not answered within the store's `hedge_after` is sent a second time beside
/// it, within the store's budget: the first usable answer is given, the other connection is closed. `r` must live until
/// completion.
awaitable<attempt> attempt_once(net::connection_pool& pool, store& s, const fetch_request& r);

} // namespace sluice::origin::detail
