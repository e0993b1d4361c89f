#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/once_filter.hpp>
#include <sluice/config/config.hpp>
#include <sluice/media/keyed_mutex.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/slot_limit.hpp>
#include <sluice/metrics/fallback_reason.hpp>
#include <sluice/relay/upstream.hpp>
#include <sluice/session/exchange.hpp>

#include <atomic>
#include <string>
#include <string_view>

/// The ways out of a media request that is not served from here: the app answers it.
namespace sluice::media {

/// What the fallbacks of all workers share.
struct fallback_state {
    explicit fallback_state(const config::fallback& f)
        : settings(f)
        , slots(f.concurrency) {}

    const config::fallback settings;
    slot_limit slots;                               ///< `fallback.concurrency`
    std::atomic<steady_clock::rep> last_refused{0}; ///< when one found no slot, as the clock counts
    keyed_mutex one_at_a_time{};
    once_filter reported{}; ///< why media are left to the app
};

/// Why a request is left to the app. Views.
struct fallback_cause {
    /// As `fallback_total`, `Cache-Status` and the access log have it; "": it is none of ours, and merely relayed.
    std::string_view reason{};
    std::string_view detail{}; ///< for the log: what exactly went wrong
    std::string_view store{};  ///< for the log, where it is not the route's own
};

/// How a request is left to the app.
struct fallback_options {
    fallback_cause cause{};
    /// Requests with one key go one at a time, in the order in which they came; "": at any time.
    std::string serial_key{};
    /// Counts against `fallback.concurrency`: a fault, of the store or of the app itself, brings it to the app.
    bool limited{false};
};

/// Relays the request, which has no body, once no other has its `serial_key`; 503 with Retry-After where that takes
/// longer than `fallback.after` (reason `busy`), or beyond `fallback.concurrency`. What `cause` refers to must live
/// until completion.
///
/// The key is held until the app's body has ended; where the client goes, until the app's answer has begun, for
/// `limits.send_timeout` at most: the app writes its copy until then. A client that takes less than `min_holder_rate`
/// while others wait is cut.
awaitable<void> relay_to_app(fallback_state& state, relay::upstream& app, session::exchange& x,
                             const media_route& route, fallback_options how);

/// Records the request as left to the app: in `fallback_total`, the access log, the result, and, at `log.level: debug`,
/// the log.
void record_fallback(session::exchange& x, const media_route& route, const fallback_cause& cause);

} // namespace sluice::media
