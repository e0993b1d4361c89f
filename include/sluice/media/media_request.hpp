#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/base/file_pool.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/cache/object_cache.hpp>
#include <sluice/http/range.hpp>
#include <sluice/media/coded_body.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/session/exchange.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The media path's state: what all workers share, and what one request carries through its phases.
namespace sluice::media {

/// What the media paths of all workers share.
struct shared_state {
    cache::object_cache& cache;
    file_pool& reads;
    metrics::metrics& counters;
    unsigned max_fills; ///< `limits.fills`
    std::uint64_t read_ahead;
    std::chrono::milliseconds stale_if_error;

    /// Finding out what the origin has under a key: `nullopt`, look in the cache again.
    single_flight<std::optional<error>> lookups{error{errc::canceled, error_source::internal, true}};
    std::atomic<unsigned> fills{0};
    std::atomic<unsigned> encoders{0}; ///< bodies that are being compressed
};

/// A transfer from an origin that runs on a worker.
class live_fill {
public:
    live_fill() = default;
    live_fill(const live_fill&) = delete;
    live_fill& operator=(const live_fill&) = delete;
    virtual ~live_fill() = default;
    /// Called by the worker's tick: wakes readers for bytes that do not make a step, and ends a wait for the origin
    /// that nobody wants any more.
    virtual void tick() = 0;
};

/// What the media path of one worker has for itself. Lives as long as the worker; on its thread only.
struct worker_state {
    shared_state& shared;
    net::connection_pool& origin_pool;
    std::vector<live_fill*> live_fills{}; ///< transfers that run on this worker, for its tick
};

/// What is known of the version that is served, as the head of a response needs it. Views.
struct representation {
    std::uint64_t size{0};
    std::string_view etag;
    std::string_view content_type;
    std::string_view last_modified;
    std::chrono::system_clock::time_point told; ///< when the origin said so
};

/// One media request on its way, after leave was given.
struct media_request {
    session::exchange& x;
    worker_state& worker;
    const media_route& route;
    origin::store& store;
    std::string key;
    steady_clock::time_point give_up; ///< for everything before the first byte
    std::uint64_t purges_seen{0};     ///< `object_cache::changes` before leave was asked for
    bool head_only{false};
    std::optional<http::range_spec> range{};                 ///< what the client asks for; none: all of it, or `ranges`
    std::vector<http::range_spec> ranges{};                  ///< where it asks for several
    std::shared_ptr<const authorize::authorization> given{}; ///< nullptr where nobody was asked
    std::string set_cookie{}; ///< whole lines of the subrequest's answer, for its caller alone

    std::unique_ptr<coded_body> coded{}; ///< what the body goes through; nullptr: it goes out as it is

    // for Cache-Status (RFC 9211)
    bool fetched{false};   ///< this request asked the origin
    bool collapsed{false}; ///< it followed another's transfer
    bool stored{false};
    unsigned origin_status{0};

    // for Server-Timing
    steady_clock::duration authorize_time{};
    steady_clock::duration origin_time{};
};

} // namespace sluice::media
