#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/base/said_once.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/cache/fill_writer.hpp>
#include <sluice/cache/object_cache.hpp>
#include <sluice/http/range.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/proxy/coded_body.hpp>
#include <sluice/proxy/decisions.hpp>
#include <sluice/proxy/exchange.hpp>
#include <sluice/proxy/grant.hpp>
#include <sluice/proxy/object_uri.hpp>
#include <sluice/proxy/path_shape.hpp>
#include <sluice/proxy/router.hpp>
#include <sluice/proxy/turns.hpp>

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
    origin::store* store; ///< nullptr where only the app says which, and where a preset's cannot be used
    metrics::route_metrics* counters;
    std::chrono::milliseconds max_age; ///< milliseconds::max() for immutable
    std::string fields{};              ///< the route's own response fields, as whole lines
    // Where an object that the app names may lie: places, their stores in the same order, and which is the route's own.
    std::vector<store_place> places{};
    std::vector<origin::store*> place_stores{};
    std::optional<std::size_t> own_place{};
    bool says_cache_control{false};
    bool says_content_type{false};
    bool says_disposition{false};
    // By which paths changes of its objects and of leave for them are told: its media's, and those that the app is
    // asked for.
    path_shape media_shape{};
    path_shape asked_shape{};
    /// That path names one resource; else the app is asked the same for all, and it names none.
    bool asked_by_name{false};
};

/// How a subrequest ended.
enum class verdict : std::uint8_t {
    granted,
    denied,
    unresolved, ///< the app said yes, but to no object that could be served from here
    error       ///< it did not answer, not wholly, or late
};

/// An answer that denied, without its body.
struct denial {
    unsigned status{0};
    std::string fields{}; ///< whole lines
};

/// What the app said, as those learn it too who asked the same at the same time.
struct decision {
    verdict said{verdict::error};
    std::shared_ptr<const grant> given{};                                    ///< with `granted` and `unresolved`
    std::shared_ptr<const denial> refused{};                                 ///< with `denied`, where a HEAD asked
    metrics::fallback_reason why{metrics::fallback_reason::authorize_error}; ///< with `error`
};

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

    decisions grants{limits.decision_bytes};
    single_flight<decision> subrequests{decision{}};
    /// Finding out what the origin has under a key: `nullopt`, look in the cache again.
    single_flight<std::optional<error>> lookups{error{errc::canceled, error_source::internal, true}};
    std::atomic<unsigned> fills{0};
    std::atomic<unsigned> fallbacks{0};
    std::atomic<steady_clock::rep> fallback_refused{0}; ///< when one was refused last, as the clock counts
    turns app_turns{};
    said_once told{};                  ///< why media are left to the app
    std::atomic<unsigned> encoders{0}; ///< bodies that are being compressed
    /// Of presets: why, as operators may read it. They are not in `stores`.
    std::map<std::string, std::string> unusable_stores{};
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
    std::uint64_t purges_seen{0};     ///< `object_cache::changes` before leave was asked for
    bool head_only{false};
    std::optional<http::range_spec> range{}; ///< what the client asks for; none: all of it, or `ranges`
    std::vector<http::range_spec> ranges{};  ///< where it asks for several
    std::shared_ptr<const grant> given{};    ///< nullptr where nobody was asked
    std::string set_cookie{};                ///< whole lines of the subrequest's answer, for its caller alone

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

} // namespace sluice::proxy
