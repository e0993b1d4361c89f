#pragma once

#include <sluice/session/exchange.hpp>
#include <sluice/session/rate_window.hpp>

namespace sluice::session {

/// Enforces `limits.body_min_rate` and `limits.send_min_rate` on one exchange: a body that comes too slowly is read no
/// further (the client can still be answered), and a client that takes too little is cut. Samples once a second, at the
/// worker's tick; costs nothing in between. Lives on the worker as long as the exchange is handled.
class rate_watch {
public:
    explicit rate_watch(exchange& x);

private:
    void sample();

    exchange& x_;
    client_rates rates_;
    deadline timer_;
};

} // namespace sluice::session
