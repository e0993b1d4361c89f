#pragma once

#include <sluice/session/exchange.hpp>
#include <sluice/session/rate_window.hpp>

namespace sluice::session {

/// Holds one exchange to `limits.body_min_rate` and `limits.send_min_rate`: a body that comes too slowly is not read on
/// (the client can still be answered), a client that takes too little is cut. Looks once a second, at the worker's
/// tick; costs nothing between. Lives on the worker as long as the exchange's handling.
class rate_watch {
public:
    explicit rate_watch(exchange& x);

private:
    void look();

    exchange& x_;
    client_rates rates_;
    deadline timer_;
};

} // namespace sluice::session
