#pragma once

#include <sluice/metrics/counter_set.hpp>
#include <sluice/metrics/cut_by.hpp>
#include <sluice/metrics/outcome.hpp>

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

/// All metrics of the process, resolved once: no request looks up a label.
///
/// Names, labels and units are a contract with dashboards and alerts. No label holds a path, a key or a user.
namespace sluice::metrics {

using prometheus::Gauge;
using prometheus::Histogram;

/// What is counted for one route (or for the relay, whose route is called `relay`).
struct route_metrics {
    /// One request answered with `code`; lock-free once the pair was seen. Codes that are no class of RFC 9110 §15 (an
    /// app may send 999) count as `other`; below 100 no answer was sent, and nothing is counted.
    void count_request(outcome o, unsigned code);

    Counter* cache_bytes{nullptr};
    Counter* origin_bytes{nullptr};
    Counter* app_bytes{nullptr};
    std::array<Histogram*, outcome_count> first_byte{};
    std::unique_ptr<counter_set> authorize; ///< by result: granted, cached, denied, unresolved, timeout, error
    std::unique_ptr<counter_set> fallback;  ///< by reason, the names of `errc` and of `fallback_reason`

    prometheus::Family<Counter>* requests{nullptr};
    std::string name;
    mutex guard; ///< for making a counter
    static constexpr unsigned first_code = 100;
    static constexpr unsigned last_code = 599;
    std::array<std::array<std::atomic<Counter*>, last_code - first_code + 2>, outcome_count> by_code{}; ///< other: last
};

/// What is counted for one store.
struct store_metrics {
    std::unique_ptr<counter_set> requests; ///< origin_requests_total by code; `error`, `canceled` without a head
    Counter* bytes{nullptr};
    Histogram* first_byte{nullptr};
    std::unique_ptr<counter_set> hedges; ///< by result: won, lost, error, limit
    std::unique_ptr<counter_set> sign;   ///< by result
    Histogram* sign_seconds{nullptr};
    Gauge* up{nullptr};           ///< 1: it can be used as it is configured; 0: it could not be set up
    Gauge* breaker_open{nullptr}; ///< 1: its circuit breaker is open; 0: it is asked as usual
    /// By result: ok, error. Only where credentials are renewed.
    std::unique_ptr<counter_set> credential_refresh;
    /// Seconds since 1970; only where credentials are renewed, and 0 until there are any that expire.
    Gauge* credential_expiry{nullptr};
};

/// All metrics of one process. Counters live as long as it does and may be used from any thread.
class metrics {
public:
    metrics();
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    /// The counters of a route; made at the first call of that name, kept from then on.
    route_metrics& route(const std::string& name);
    /// The same of a store.
    store_metrics& store(const std::string& name);
    /// Adds `cache_up`: for a process that has a cache directory.
    void add_cache_up();

    /// Adds the counters of credentials that are renewed to those of the store.
    void add_credential_metrics(const std::string& store);

    /// The text exposition format 0.0.4.
    [[nodiscard]] std::string text() const;

    std::array<Counter*, all_cut_by.size()> responses_cut{}; ///< by `cut_by`
    Histogram* authorize_seconds{nullptr};
    Gauge* decision_bytes{nullptr};
    Counter* decision_generations{nullptr}; ///< changes that invalidated all cached decisions of a preset
    Gauge* cache_up{nullptr};               ///< nullptr without `add_cache_up`
    Gauge* cache_size_bytes{nullptr};
    Gauge* cache_limit_bytes{nullptr};
    Gauge* cache_objects{nullptr};
    Gauge* cache_blocks{nullptr};
    std::unique_ptr<counter_set> cache_evictions;    ///< by reason: budget, min_free, objects
    std::unique_ptr<counter_set> cache_write_errors; ///< by reason: disk_full, disk_error, checksum, locked, open
    Gauge* fills_in_flight{nullptr};
    Counter* fill_joins{nullptr};
    Counter* fill_resumes{nullptr};
    Counter* fill_overlaps{nullptr};
    Counter* fill_overlap_bytes{nullptr};
    Gauge* memory_bytes{nullptr};
    Counter* memory_streams_joined{nullptr};
    Counter* memory_stream_resumes{nullptr};
    Counter* memory_streams_left{nullptr}; ///< followers too slow for the others
    Counter* memory_exhausted{nullptr};    ///< responses past the cache that share nothing: `cache.memory` was in use
    std::unique_ptr<counter_set> background_revalidations; ///< by result: confirmed, changed, gone, error, limit
    std::unique_ptr<counter_set> client_closed; ///< by reason: idle, limit, per_client, slow_body, slow_send, slow_turn
    Counter* admin_closed{nullptr};             ///< for newer ones
    Counter* client_limited_requests{nullptr};
    std::unique_ptr<counter_set> compression_input;  ///< bytes, by coding
    std::unique_ptr<counter_set> compression_output; ///< likewise
    Counter* slow_readers{nullptr};
    Counter* log_dropped{nullptr}; ///< lines
    Gauge* client_connections{nullptr};
    Gauge* app_connections{nullptr};
    Gauge* origin_connections{nullptr};
    Gauge* open_descriptors{nullptr};
    Gauge* config_last_reload_successful{nullptr};

private:
    void add_response_metrics();
    void add_authorize_metrics();
    void add_cache_metrics();
    void add_memory_metrics();
    void add_connection_metrics();
    void add_process_metrics();

    prometheus::Registry registry_;
    mutex mutex_;
    std::map<std::string, std::unique_ptr<route_metrics>> routes_ GUARDED_BY(mutex_);
    std::map<std::string, std::unique_ptr<store_metrics>> stores_ GUARDED_BY(mutex_);
    prometheus::Family<Counter>* requests_{nullptr};
    prometheus::Family<Counter>* response_bytes_{nullptr};
    prometheus::Family<Counter>* origin_requests_{nullptr};
    prometheus::Family<Counter>* origin_bytes_{nullptr};
    prometheus::Family<Counter>* origin_hedges_{nullptr};
    prometheus::Family<Counter>* authorize_{nullptr};
    prometheus::Family<Counter>* sign_{nullptr};
    prometheus::Family<Counter>* fallback_{nullptr};
    prometheus::Family<Histogram>* first_byte_{nullptr};
    prometheus::Family<Histogram>* origin_first_byte_{nullptr};
    prometheus::Family<Histogram>* sign_seconds_{nullptr};
    prometheus::Family<Gauge>* store_up_{nullptr};
    prometheus::Family<Gauge>* breaker_open_{nullptr};
    prometheus::Family<Counter>* credential_refresh_{nullptr};
    prometheus::Family<Gauge>* credential_expiry_{nullptr};
};

} // namespace sluice::metrics
