#include <sluice/metrics/metrics.hpp>

#include <prometheus/text_serializer.h>

#include "label_values.hpp"
#include "open_descriptors.hpp"

namespace sluice::metrics {

namespace {

using labels = std::map<std::string, std::string>;

/// Upper bounds in seconds.
Histogram::BucketBoundaries latency_buckets() {
    return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

Histogram::BucketBoundaries signing_buckets() {
    return {0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.0001, 0.001, 0.01, 0.1, 1};
}

prometheus::Family<Counter>& counters(prometheus::Registry& r, const std::string& name, const std::string& help) {
    return prometheus::BuildCounter().Name("sluice_" + name).Help(help).Register(r);
}

Gauge& gauge(prometheus::Registry& r, const std::string& name, const std::string& help, const labels& l = {}) {
    return prometheus::BuildGauge().Name("sluice_" + name).Help(help).Register(r).Add(l);
}

} // namespace

void route_metrics::count_request(outcome o, unsigned code) {
    if (code < first_code) {
        return;
    }
    const bool is_known = code <= last_code;
    auto& slot = by_code[static_cast<std::size_t>(o)][(is_known ? code : last_code + 1) - first_code];
    Counter* counter = slot.load(std::memory_order_acquire);
    if (counter == nullptr) {
        const mutex_lock lock(guard);
        counter = &requests->Add({{"route", name},
                                  {"result", std::string(to_string(o))},
                                  {"code", is_known ? std::to_string(code) : std::string(other)}});
        slot.store(counter, std::memory_order_release);
    }
    counter->Increment();
}

metrics::metrics()
    : requests_(&counters(registry_, "requests_total", "Requests answered, by how they were answered."))
    , response_bytes_(
          &counters(registry_, "response_bytes_total", "Body bytes sent to clients, by where they came from."))
    , origin_requests_(&counters(registry_, "origin_requests_total", "Requests sent to stores, by status code."))
    , origin_bytes_(&counters(registry_, "origin_bytes_total", "Body bytes received from stores."))
    , origin_hedges_(&counters(registry_, "origin_hedges_total", "Second requests to stores, by how they ended."))
    , authorize_(&counters(registry_, "authorize_total", "Authorization decisions, by result."))
    , sign_(&counters(registry_, "sign_total", "Signatures of requests to stores, by result."))
    , fallback_(&counters(registry_, "fallback_total", "Media requests handed to the app, by reason."))
    , first_byte_(&prometheus::BuildHistogram()
                       .Name("sluice_first_byte_seconds")
                       .Help("Time from a request's head to the first byte of its response.")
                       .Register(registry_))
    , origin_first_byte_(&prometheus::BuildHistogram()
                              .Name("sluice_origin_first_byte_seconds")
                              .Help("Time from a request to a store to the head of its response.")
                              .Register(registry_))
    , sign_seconds_(&prometheus::BuildHistogram()
                         .Name("sluice_sign_seconds")
                         .Help("Time to sign one request to a store.")
                         .Register(registry_))
    , store_up_(&prometheus::BuildGauge()
                     .Name("sluice_store_up")
                     .Help("Whether a store can be used as it is configured.")
                     .Register(registry_))
    , breaker_open_(&prometheus::BuildGauge()
                         .Name("sluice_breaker_open")
                         .Help("Whether a store is not asked, after it failed several times.")
                         .Register(registry_))
    , credential_refresh_(
          &counters(registry_, "credential_refresh_total", "Attempts to refresh a store's credentials, by result."))
    , credential_expiry_(&prometheus::BuildGauge()
                              .Name("sluice_credential_expiry_timestamp_seconds")
                              .Help("When a store's credentials expire; 0 while there are none.")
                              .Register(registry_)) {
    add_response_metrics();
    add_authorize_metrics();
    add_cache_metrics();
    add_memory_metrics();
    add_connection_metrics();
    add_process_metrics();
}

void metrics::add_response_metrics() {
    auto& cut = counters(registry_, "responses_cut_total", "Responses begun and not sent whole, by whose end it was.");
    for (const auto by : all_cut_by) {
        responses_cut[static_cast<std::size_t>(by)] = &cut.Add({{"by", std::string(to_string(by))}});
    }
}

void metrics::add_authorize_metrics() {
    authorize_seconds = &prometheus::BuildHistogram()
                             .Name("sluice_authorize_seconds")
                             .Help("Duration of a subrequest to the app.")
                             .Register(registry_)
                             .Add({}, latency_buckets());
    decision_bytes = &gauge(registry_, "decision_bytes", "Memory of cached decisions.");
    decision_generations = &counters(registry_, "decision_generations_total",
                                     "Changes at the app that invalidated all cached decisions of a preset.")
                                .Add({});
}

void metrics::add_cache_up() {
    cache_up = &gauge(registry_, "cache_up", "Whether the cache directory is in use.");
    cache_up->Set(1);
}

void metrics::add_cache_metrics() {
    cache_size_bytes = &gauge(registry_, "cache_size_bytes", "Bytes that the cache takes on the disk.");
    cache_limit_bytes = &gauge(registry_, "cache_limit_bytes", "Bytes that the cache may take at most.");
    cache_objects = &gauge(registry_, "cache_objects", "Objects in the cache.");
    cache_blocks = &gauge(registry_, "cache_blocks", "Blocks in the cache, partly present ones included.");
    cache_evictions = std::make_unique<counter_set>(
        counters(registry_, "cache_evictions_total", "Blocks or objects evicted, by reason."), labels{}, "reason",
        eviction_reasons);
    cache_write_errors = std::make_unique<counter_set>(
        counters(registry_, "cache_write_errors_total", "Errors of the cache's disk, by reason."), labels{}, "reason",
        write_error_reasons());
    fills_in_flight = &gauge(registry_, "fills_in_flight", "Fills (fetches into the cache) in progress.");
    fill_joins = &counters(registry_, "fill_joins_total", "Requests that joined a running fill.").Add({});
    fill_resumes = &counters(registry_, "fill_resumes_total", "Fills resumed after their connection broke.").Add({});
    fill_overlaps = &counters(registry_, "fill_overlaps_total",
                              "Fetches that overlapped another: begun because a running fetch would have brought the "
                              "bytes too late, or because two began before the object was known.")
                         .Add({});
    fill_overlap_bytes = &counters(registry_, "fill_overlap_bytes_total",
                                   "Bytes requested from a store although another fetch had them too; many are never "
                                   "read.")
                              .Add({});
    background_revalidations =
        std::make_unique<counter_set>(counters(registry_, "background_revalidations_total",
                                               "Stale objects revalidated while they were served, by result."),
                                      labels{}, "result", revalidation_results);
}

void metrics::add_memory_metrics() {
    memory_bytes = &gauge(registry_, "memory_bytes", "Memory of transfers past the cache, at most cache.memory.");
    memory_streams_joined =
        &counters(registry_, "memory_streams_joined_total", "Requests that joined a transfer past the cache.").Add({});
    memory_stream_resumes = &counters(registry_, "memory_stream_resumes_total",
                                      "Broken transfers past the cache that were resumed at their offset.")
                                 .Add({});
    memory_streams_left = &counters(registry_, "memory_streams_left_total",
                                    "Clients that were too slow for others of the same transfer past the cache, and "
                                    "went on with one of their own.")
                               .Add({});
    memory_exhausted = &counters(registry_, "memory_exhausted_total",
                                 "Transfers past the cache that found no room in cache.memory, and had one client.")
                            .Add({});
}

void metrics::add_connection_metrics() {
    auto& connections =
        prometheus::BuildGauge().Name("sluice_connections").Help("Open connections, by side.").Register(registry_);
    client_connections = &connections.Add({{"side", "client"}});
    app_connections = &connections.Add({{"side", "app"}});
    origin_connections = &connections.Add({{"side", "origin"}});
    auto& closed =
        counters(registry_, "connections_closed_total", "Connections closed by a limit, by side and reason.");
    client_closed = std::make_unique<counter_set>(closed, labels{{"side", "client"}}, "reason", close_reasons);
    admin_closed = &closed.Add({{"side", "admin"}, {"reason", "idle"}});
    client_limited_requests = &counters(registry_, "client_limited_requests_total",
                                        "Requests from trusted proxies refused by limits.connections_per_client.")
                                   .Add({});
}

void metrics::add_process_metrics() {
    compression_input = std::make_unique<counter_set>(
        counters(registry_, "compression_input_bytes_total", "Body bytes before compression, by coding."), labels{},
        "coding", codings);
    compression_output = std::make_unique<counter_set>(
        counters(registry_, "compression_output_bytes_total", "Body bytes after compression, by coding."), labels{},
        "coding", codings);
    slow_readers =
        &counters(registry_, "slow_readers_total", "Clients that were too slow to keep blocks of the cache pinned.")
             .Add({});
    log_dropped =
        &counters(registry_, "log_dropped_total", "Log lines dropped because standard output was not read in time.")
             .Add({});
    open_descriptors = &gauge(registry_, "open_descriptors", "Open file descriptors.");
    gauge(registry_, "build_info", "The version that runs.", {{"version", SLUICE_VERSION}}).Set(1);
    config_last_reload_successful =
        &gauge(registry_, "config_last_reload_successful", "Whether the configuration was last read without errors.");
    config_last_reload_successful->Set(1);
}

route_metrics& metrics::route(const std::string& name) {
    const mutex_lock lock(mutex_);
    auto& slot = routes_[name];
    if (!slot) {
        slot = std::make_unique<route_metrics>();
        slot->name = name;
        slot->requests = requests_;
        slot->cache_bytes = &response_bytes_->Add({{"route", name}, {"source", "cache"}});
        slot->origin_bytes = &response_bytes_->Add({{"route", name}, {"source", "origin"}});
        slot->app_bytes = &response_bytes_->Add({{"route", name}, {"source", "app"}});
        for (std::size_t o = 0; o < outcome_count; ++o) {
            slot->first_byte[o] = &first_byte_->Add(
                {{"route", name}, {"result", std::string(to_string(static_cast<outcome>(o)))}}, latency_buckets());
        }
        slot->authorize =
            std::make_unique<counter_set>(*authorize_, labels{{"route", name}}, "result", authorize_results);
        slot->fallback =
            std::make_unique<counter_set>(*fallback_, labels{{"route", name}}, "reason", known_fallback_reasons());
    }
    return *slot;
}

store_metrics& metrics::store(const std::string& name) {
    const mutex_lock lock(mutex_);
    auto& slot = stores_[name];
    if (!slot) {
        slot = std::make_unique<store_metrics>();
        slot->requests = std::make_unique<counter_set>(*origin_requests_, labels{{"store", name}}, "code");
        slot->bytes = &origin_bytes_->Add({{"store", name}});
        slot->hedges = std::make_unique<counter_set>(*origin_hedges_, labels{{"store", name}}, "result", hedge_results);
        slot->first_byte = &origin_first_byte_->Add({{"store", name}}, latency_buckets());
        slot->up = &store_up_->Add({{"store", name}});
        slot->breaker_open = &breaker_open_->Add({{"store", name}});
        slot->sign = std::make_unique<counter_set>(*sign_, labels{{"store", name}}, "result");
        slot->sign_seconds = &sign_seconds_->Add({{"store", name}}, signing_buckets());
    }
    return *slot;
}

void metrics::add_credential_metrics(const std::string& name) {
    auto& s = store(name);
    if (s.credential_expiry == nullptr) {
        s.credential_refresh =
            std::make_unique<counter_set>(*credential_refresh_, labels{{"store", name}}, "result", refresh_results);
        s.credential_expiry = &credential_expiry_->Add({{"store", name}});
    }
}

std::string metrics::text() const {
    if (const auto n = open_descriptor_count()) {
        open_descriptors->Set(static_cast<double>(*n));
    }
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

} // namespace sluice::metrics
