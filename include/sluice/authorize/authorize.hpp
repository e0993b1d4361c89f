#pragma once

#include <sluice/authorize/decision.hpp>
#include <sluice/authorize/decision_cache.hpp>
#include <sluice/authorize/protected_route.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/relay/upstream.hpp>
#include <sluice/session/exchange.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace sluice::authorize {

/// What the authorization of all workers' requests shares.
struct shared_decisions {
    explicit shared_decisions(std::uint64_t max_bytes)
        : kept(max_bytes) {}

    decision_cache kept;
    single_flight<subrequest_result> subrequests{subrequest_result{}}; ///< on their way to the app
};

/// Whom one worker asks, and what it remembers. Lives as long as the worker.
struct authorizer {
    shared_decisions& shared;
    relay::upstream& upstream; ///< the app
    net::connection_pool&
        pool; ///< carries subrequests and nothing else: no client's request can have left an answer there
};

/// What the gate says of one request.
struct auth_result {
    decision said{decision::error};
    /// With `allowed`, where nullptr means that nobody was asked; with `unresolved`, says why
    /// (`authorization::not_taken`).
    std::shared_ptr<const authorization> given{};
    metrics::fallback_reason why{metrics::fallback_reason::authorize_error}; ///< with `error`
    /// With `error`, where requests for one object must not overlap: the object and its caller, who is not known to
    /// have leave and so keeps nobody else waiting.
    std::string turn{};
    http::header_list set_cookie{};                   ///< for this caller's response alone
    std::shared_ptr<const denied_response> refused{}; ///< with `denied`, of a HEAD
    bool client_gone{false};                          ///< nobody is there to get an answer
};

/// Whether this caller may have what the route names: at once for `authorize: none` and for a kept decision, else by a
/// subrequest to the app for `target` (raw); identical ones at the same time are one. Where the client leaves meanwhile
/// and nobody else waits for the decision, the subrequest is given up.
///
/// Never fails: an app that is down, late or says anything but yes has not granted. No answer is no denial, though: it
/// is told apart (`error`).
awaitable<auth_result> authorize_request(authorizer& app, session::exchange& x, const protected_route& route,
                                         std::string_view target);

/// The caller by the fields that sign-in sets (RFC 6265 §5.4 has one Cookie field), as `decision_cache::caller_name`.
[[nodiscard]] std::string caller_of(const session::exchange& x, const decision_cache& kept);

} // namespace sluice::authorize
