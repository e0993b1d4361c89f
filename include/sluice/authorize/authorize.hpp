#pragma once

#include <sluice/authorize/decision.hpp>
#include <sluice/authorize/decision_cache.hpp>
#include <sluice/authorize/protected_route.hpp>
#include <sluice/base/once_filter.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/relay/upstream.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::authorize {

/// What the authorization of all workers' requests shares.
struct shared_state {
    explicit shared_state(std::uint64_t max_bytes)
        : cache(max_bytes) {}

    decision_cache cache;
    single_flight<subrequest_result> subrequests{subrequest_result{}}; ///< those that are running
    once_filter reported{};                                            ///< routes whose app answered with a page
};

/// What one worker authorizes with. Lives as long as the worker.
struct authorizer {
    shared_state& shared;
    relay::upstream& upstream; ///< the app
    /// Carries subrequests and nothing else: no response to a client's request can be taken for one to a subrequest.
    net::connection_pool& pool;
};

/// The outcome for one request. `allowed` without an `authorization`: the route has `authorize: none`.
struct auth_result : subrequest_result {
    http::header_list set_cookie{}; ///< for this client's response alone
    /// With `error` on a preset's route, where requests for one object must not overlap: the object and its caller. The
    /// caller is part of it, as nobody who may be denied can keep others waiting.
    std::string serial_key{};
    bool followed{false};    ///< it is of a subrequest that was sent for another request
    bool client_gone{false}; ///< nobody is left to respond to
};

/// Whether the client may have what the route names: at once for `authorize: none` and for a cached decision, else by a
/// subrequest to the app for `target` (raw). Concurrent identical subrequests are collapsed into one. Where the client
/// leaves meanwhile and nobody else waits, the subrequest is given up.
///
/// Sets `x.authorize_time` where the app was asked, then or before. Never fails: whatever goes wrong is the decision
/// `error`. `x` and `route` must live until completion.
awaitable<auth_result> authorize_request(authorizer& app, session::exchange& x, const protected_route& route,
                                         std::string_view target);

/// `decision_cache::caller_tag` of the fields that sign-in sets (RFC 6265 §5.4 has one Cookie field).
[[nodiscard]] std::string caller_tag_of(const session::exchange& x, const decision_cache& cache);

} // namespace sluice::authorize
