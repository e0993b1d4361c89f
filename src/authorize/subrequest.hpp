#pragma once

#include <sluice/authorize/authorize.hpp>
#include <sluice/authorize/decision_key.hpp>
#include <sluice/net/client.hpp>
#include <sluice/session/exchange.hpp>

#include <string>
#include <string_view>

namespace sluice::authorize {

/// A subrequest, and what its response is read with. The referenced objects and `target` must outlive it.
struct subrequest {
    session::exchange& x;
    authorizer& app;
    const protected_route& route;
    const config::authorize_subrequest& how;
    std::string_view target; ///< raw
    std::string fields{};    ///< whole lines
    bool sendable{true};     ///< false: the client's method or target is no valid field value
    decision_cache::key_type key{};

    /// What the key of its decision is made of.
    [[nodiscard]] decision_inputs key_inputs() const {
        return {route.settings.name,
                x.request.method,
                target,
                fields,
                how.ignore_headers,
                x.worker.settings->strip_request_headers,
                how.same == config::same_question::none ? asked_url::decision : asked_url::object};
    }
};

/// What came of a subrequest.
struct subrequest_response {
    subrequest_result result{};     ///< for everybody who waits for the same subrequest
    http::header_list set_cookie{}; ///< for the client that it was sent for
};

/// Sends it and reads the response: whether it allows, and where the route resolves, which object it names. Never
/// fails: without a complete response, also after `canceler.cancel()`, the decision is `error`.
awaitable<subrequest_response> send_subrequest(const subrequest& s, net::request_canceler& canceler);

} // namespace sluice::authorize
