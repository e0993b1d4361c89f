#pragma once

#include <sluice/base/cidr_block.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/config/diagnostic.hpp>
#include <sluice/config/route.hpp>
#include <sluice/config/store.hpp>
#include <sluice/config/values.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The validated configuration: plain structs, immutable once loaded. Keys, defaults and units are those of
/// `conf/sluice.yaml`; a value here has passed every check of `load`.
namespace sluice::config {

/// One of `listeners`: where clients connect.
struct listener {
    endpoint address;
};

/// `admin`: metrics, probes, purges.
struct admin {
    endpoint address{"0.0.0.0", 9180};
    secret token; ///< empty: everything but /metrics and the probes is off
};

/// `app`: the server behind us.
struct app {
    url address;
    duration connect_timeout{2000};
    duration response_timeout{0}; ///< to the response's head; 0: none
    /// Idle connections that each worker keeps. Not shared out among the workers: clients are spread over these by
    /// hash, so the busier one would close and open connections while the other has room.
    unsigned keepalive{64};
    /// true: a client that half-closes still gets its response; false: it counts as gone, as in nginx.
    bool half_close{false};
    bool via{true};          ///< requests to it carry a Via field, by which one that leads back is known
    bool waiting_page{true}; ///< while it cannot be reached, browsers get a page that tries again
};

/// `limits`: what clients may take.
struct limits {
    unsigned connections{10000};
    unsigned connections_per_client{0}; ///< of one address; 0: any number
    std::uint64_t body_min_rate{0};     ///< bytes a second that a client must send of a body; 0: any
    std::uint64_t send_min_rate{0};     ///< bytes a second that a client must take of an answer; 0: any
    std::uint64_t header_size{64ULL * 1024};
    duration header_timeout{10000};
    duration idle_timeout{75000};
    duration send_timeout{60000};
    duration tunnel_timeout{3600000};
    unsigned fills{256};
    duration shutdown_delay{5000};
    duration drain_timeout{30000};
    std::uint64_t decision_bytes{64ULL << 20U}; ///< of memory, for all decisions that are kept
};

/// `fallback`: when the app serves in our place.
struct fallback {
    unsigned concurrency{16};
    duration after{5000};
    unsigned breaker_failures{5};
    duration breaker_open{10000};
};

/// From which level on events are logged.
enum class log_level { debug, info, warn, error };
/// How a line is written.
enum class log_format { json, text };

/// `log`: the structured log on standard output.
struct log {
    log_level level{log_level::info};
    log_format format{log_format::json};
    bool access{true};
};

/// A store that a preset could not make from the app's variables. Its routes relay, everything else is served.
struct unusable_store {
    std::string name;
    std::vector<diagnostic> diagnostics; ///< at least one
};

/// `cache`: the range cache. Sizes in bytes.
struct cache {
    std::string directory; ///< "": no cache, straight relay
    std::uint64_t max_size{20ULL << 30U};
    std::uint64_t min_free{1ULL << 30U};
    std::uint64_t max_objects{1000000};
    std::uint64_t block_size{1ULL << 20U}; ///< a power of two, 64 KiB to 16 MiB
    duration max_age{24LL * 3600 * 1000};
    duration stale_if_error{3600000};
    std::optional<duration> stale_while_revalidate; ///< none: see `stale_while_revalidate_of`
    std::uint64_t read_ahead{16ULL << 20U};
    std::uint64_t memory{64ULL << 20U}; ///< of transfers past the cache; 0: each client has one of its own
    unsigned max_share{100};            ///< percent of the cache that one object may take
};

/// How long past `cache.max_age` an object is served while it is revalidated: as configured, else the smaller of
/// `stale_if_error` and `max_age`.
[[nodiscard]] duration stale_while_revalidate_of(const cache& c) noexcept;

/// The same for the objects of a route, past the `max_age` that it has or takes from `c`. What a route does not say it
/// takes from `c` too, but never more than a `max_age` of its own: 0 there has every request revalidate.
[[nodiscard]] duration stale_while_revalidate_of(const route& r, const cache& c) noexcept;

/// An item of `invalidate`: a write to `path` changes what requests for `target` get.
struct invalidation {
    std::string path;   ///< a template as a route's
    std::string target; ///< a template over its captures, begins with "/"
};

/// All of it.
struct config {
    unsigned workers{1};    ///< `auto` is resolved on loading
    bool core_dumps{false}; ///< allows core dumps, and tracing by the same user
    std::vector<listener> listeners;
    struct admin admin;
    struct app app;
    std::vector<cidr_block> trusted_proxies;
    std::vector<std::string> strip_request_headers; ///< lower case
    struct limits limits;
    struct fallback fallback;
    struct log log;
    std::map<std::string, store> stores;
    std::vector<unusable_store> unusable_stores; ///< those of presets; their names are not among `stores`
    struct cache cache;
    std::vector<route> routes;
    std::vector<std::string> object_headers; ///< those of all routes, lower case, each once: never a client's to send
    std::vector<invalidation> invalidate;
};

} // namespace sluice::config
