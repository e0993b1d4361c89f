#pragma once

#include <sluice/net/client.hpp>
#include <sluice/proxy/media.hpp>

#include <string>
#include <string_view>

namespace sluice::proxy {

/// What the app said to the gate's question.
struct app_answer {
    decision told{};          ///< for everybody who asked the same
    std::string set_cookie{}; ///< whole lines, for the one who asked
};

/// The question: its text, and how its answer is read.
struct app_question {
    exchange& x;
    const media_services& services;
    const media_route& route;
    const config::authorize_subrequest& how;
    std::string_view target; ///< raw
    std::string text;        ///< the whole request
};

/// Asks, and reads the answer: whether it grants, and where the route resolves, which object it names. Never fails; one
/// that is given up by `canceler` said nothing.
awaitable<app_answer> ask_app(const app_question& q, net::request_canceler& canceler);

} // namespace sluice::proxy
