#pragma once

#include <sluice/authorize/authorize.hpp>
#include <sluice/net/client.hpp>
#include <sluice/session/exchange.hpp>

#include <string>
#include <string_view>

namespace sluice::authorize {

/// What the app said to the gate's question.
struct subrequest_response {
    subrequest_result told{};       ///< for everybody who asked the same
    http::header_list set_cookie{}; ///< for the one who asked
};

/// The question: its text, and how its answer is read.
struct subrequest {
    session::exchange& x;
    const authorizer& app;
    const protected_route& route;
    const config::authorize_subrequest& how;
    std::string_view target; ///< raw
    std::string text;        ///< the whole request
};

/// Asks, and reads the answer: whether it grants, and where the route resolves, which object it names. Never fails; one
/// that is given up by `canceler` said nothing.
awaitable<subrequest_response> send_subrequest(const subrequest& q, net::request_canceler& canceler);

} // namespace sluice::authorize
