#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/cache/fill_writer.hpp>
#include <sluice/cache/object_cache.hpp>
#include <sluice/http/range.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/proxy/decisions.hpp>
#include <sluice/proxy/exchange.hpp>
#include <sluice/proxy/router.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The media path's state: what all workers share, and what one request carries through its phases.
namespace sluice::proxy {

/// One route, compiled.
struct media_route {
    config::route settings;
    path_template path;
    origin::store* store;
    metrics::route_metrics* counters;
    std::chrono::milliseconds max_age; ///< milliseconds::max() for immutable
    std::string fields;                ///< the route's own response fields, as whole lines
    bool says_cache_control{false};
    bool says_content_type{false};
    bool says_disposition{false};
};

/// How a subrequest ended, as those learn it who did not send it.
enum class verdict : std::uint8_t { granted, denied, error };

/// What all workers share on the media path.
struct media_services {
    std::vector<media_route> routes;
    std::map<std::string, std::unique_ptr<origin::store>> stores;
    cache::object_cache& cache;
    file_pool& reads;
    metrics::metrics& counters;
    config::limits limits;
    config::fallback fallback;
    std::uint64_t read_ahead;
    std::chrono::milliseconds stale_if_error;

    decisions grants{};
    single_flight<verdict> subrequests{verdict::error};
    /// Finding out what the origin has under a key: `nullopt`, look in the cache again.
    single_flight<std::optional<error>> lookups{error{errc::canceled, error_source::internal, true}};
    std::atomic<unsigned> fills{0};
    std::atomic<unsigned> fallbacks{0};
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
    exchange& x;
    media_services& services;
    const media_route& route;
    origin::store& store;
    std::string key;
    steady_clock::time_point give_up; ///< for everything before the first byte
    bool head_only{false};
    std::optional<http::range_spec> range{}; ///< what the client asks for; none: all of it
    std::string donated_fields{};            ///< Set-Cookie of the subrequest, for its caller alone

    // for Cache-Status (RFC 9211)
    bool fetched{false};   ///< this request asked the origin
    bool collapsed{false}; ///< it followed another's transfer
    bool stored{false};
    unsigned origin_status{0};

    // for Server-Timing
    steady_clock::duration authorize_time{};
    steady_clock::duration origin_time{};
};

} // namespace sluice::proxy
