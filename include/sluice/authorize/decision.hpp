#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/metrics/fallback_reason.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::authorize {

/// What the authorization of a request came to, as with Envoy's `ext_authz`, where an error is no denial either.
enum class auth_decision : std::uint8_t {
    allowed,
    denied,
    unresolved, ///< allowed, but the app named no object that can be served from here
    error       ///< the app did not respond, not completely, or too late
};

/// The head of a response that denied.
struct denied_response {
    unsigned status{0};
    http::header_list fields{};
};

/// The outcome of a subrequest, shared with all who were waiting for the same one. Holds nothing of one client alone.
struct subrequest_result {
    auth_decision decision{auth_decision::error};
    /// With `allowed` and `unresolved`.
    std::shared_ptr<const authorize::authorization> authorization{};
    /// With `denied`, where the client's request was a HEAD.
    std::shared_ptr<const authorize::denied_response> denied_response{};
    bool varies{false};        ///< it depends on more than the key of its decision: it is for this one request alone
    unsigned denied_status{0}; ///< with `denied`: of the app's response to the subrequest
    metrics::fallback_reason error_reason{metrics::fallback_reason::authorize_error}; ///< with `error`
    std::string error_detail{}; ///< with `error`: what went wrong, for the log
};

} // namespace sluice::authorize
