#include <sluice/base/error.hpp>
#include <sluice/metrics/fallback_reason.hpp>
#include <sluice/metrics/metrics.hpp>

#include <prometheus/text_serializer.h>

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <vector>

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

/// What is beyond the values that a label may have.
constexpr std::string_view other = "other";

/// What can keep a media request from being served before its first byte: what stores do, what their connections do,
/// and our own. Errors that only keep an object out of the cache are not among them: those bypass it.
std::vector<std::string_view> known_fallback_reasons() {
    std::vector<std::string_view> known{
        to_string(errc::connect_failed),    to_string(errc::resolve_failed),
        to_string(errc::tls_failed),        to_string(errc::connection_lost),
        to_string(errc::timeout),           to_string(errc::protocol_error),
        to_string(errc::short_body),        to_string(errc::header_too_large),
        to_string(errc::forbidden),         to_string(errc::not_found),
        to_string(errc::throttled),         to_string(errc::store_error),
        to_string(errc::unexpected_status), to_string(errc::precondition_failed),
        to_string(errc::bad_content_range), to_string(errc::content_encoded),
        to_string(errc::validator_changed), to_string(errc::disk_error),
        to_string(errc::no_credentials),    to_string(errc::sign_failed),
        to_string(errc::breaker_open),      to_string(errc::canceled),
    };
    for (const auto reason : fallback_reasons) {
        known.push_back(to_string(reason));
    }
    return known;
}

/// `checksum`: damaged pages were found; `locked`, `open`: the directory could not be had.
std::array<std::string_view, 5> write_error_reasons() {
    return {to_string(errc::disk_full), to_string(errc::disk_error), "checksum", "locked", "open"};
}

constexpr std::array<std::string_view, 3> eviction_reasons{"budget", "min_free", "objects"};
constexpr std::array<std::string_view, 6> close_reasons{"idle",      "limit",     "per_client",
                                                        "slow_body", "slow_send", "slow_turn"};
constexpr std::array<std::string_view, 3> codings{"zstd", "br", "gzip"};
constexpr std::array<std::string_view, 2> refresh_results{"ok", "error"};
constexpr std::array<std::string_view, 6> authorize_results{"granted",    "cached",  "denied",
                                                            "unresolved", "timeout", "error"};

/// None where the system cannot tell. Linux 6.2 has the number as the directory's size; before, counting takes a
/// descriptor, of which there may be none left.
std::optional<std::size_t> open_descriptor_count() {
    struct stat info {};
    if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0) {
        return static_cast<std::size_t>(info.st_size);
    }
    std::error_code ec;
    std::size_t n = 0;
    for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end; it.increment(ec)) {
        ++n;
    }
    return ec ? std::nullopt : std::optional(n);
}

} // namespace

std::string_view to_string(outcome o) noexcept {
    switch (o) {
    case outcome::hit:
        return "hit";
    case outcome::partial:
        return "partial";
    case outcome::miss:
        return "miss";
    case outcome::stale:
        return "stale";
    case outcome::revalidated:
        return "revalidated";
    case outcome::bypass:
        return "bypass";
    case outcome::local:
        return "local";
    case outcome::fallback:
        return "fallback";
    case outcome::redirect:
        return "redirect";
    case outcome::denied:
        return "denied";
    case outcome::relay:
        return "relay";
    }
    return "relay";
}

counter_set::counter_set(prometheus::Family<Counter>& family, labels fixed, std::string label,
                         std::span<const std::string_view> known)
    : family_(family)
    , fixed_(std::move(fixed))
    , label_(std::move(label)) {
    for (const auto value : known) {
        make(value);
    }
}

Counter& counter_set::at(std::string_view value) {
    const std::lock_guard lock(mutex_);
    const auto it = known_.find(value);
    if (it != known_.end()) {
        return *it->second;
    }
    if (known_.size() < most_values) {
        return make(value);
    }
    const auto rest = known_.find(other);
    return rest != known_.end() ? *rest->second : make(other);
}

Counter& counter_set::make(std::string_view value) {
    auto l = fixed_;
    l.emplace(label_, value);
    auto& made = family_.Add(l);
    known_.emplace(value, &made);
    return made;
}

void route_metrics::count_request(outcome o, unsigned code) {
    if (code < first_code) {
        return;
    }
    const bool is_known = code <= last_code;
    auto& slot = by_code[static_cast<std::size_t>(o)][(is_known ? code : last_code + 1) - first_code];
    Counter* counter = slot.load(std::memory_order_acquire);
    if (counter == nullptr) {
        const std::lock_guard lock(mutex);
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
    , authorize_(&counters(registry_, "authorize_total", "Decisions on who may have what."))
    , sign_(&counters(registry_, "sign_total", "Requests to stores signed."))
    , fallback_(&counters(registry_, "fallback_total", "Media requests handed to the app, by reason."))
    , first_byte_(&prometheus::BuildHistogram()
                       .Name("sluice_first_byte_seconds")
                       .Help("Time from a request's head to the first byte of its response.")
                       .Register(registry_))
    , origin_first_byte_(&prometheus::BuildHistogram()
                              .Name("sluice_origin_first_byte_seconds")
                              .Help("Time from a request to a store to the head of its answer.")
                              .Register(registry_))
    , sign_seconds_(&prometheus::BuildHistogram()
                         .Name("sluice_sign_seconds")
                         .Help("Time to sign one request to a store.")
                         .Register(registry_))
    , store_up_(&prometheus::BuildGauge()
                     .Name("sluice_store_up")
                     .Help("Whether a store can be used as it is configured.")
                     .Register(registry_))
    , credential_refresh_(
          &counters(registry_, "credential_refresh_total", "Tries to renew a store's credentials, by result."))
    , credential_expiry_(&prometheus::BuildGauge()
                              .Name("sluice_credential_expiry_timestamp_seconds")
                              .Help("When a store's credentials expire; 0 while there are none.")
                              .Register(registry_)) {
    authorize_seconds = &prometheus::BuildHistogram()
                             .Name("sluice_authorize_seconds")
                             .Help("Time of a subrequest to the app.")
                             .Register(registry_)
                             .Add({}, latency_buckets());
    decision_bytes = &gauge(registry_, "decision_bytes", "Memory of decisions that are kept.");
    decision_generations = &counters(registry_, "decision_generations_total",
                                     "Changes at the app after which all kept decisions of a preset are asked again.")
                                .Add({});
    cache_size_bytes = &gauge(registry_, "cache_size_bytes", "Bytes that the cache takes on the disk.");
    cache_limit_bytes = &gauge(registry_, "cache_limit_bytes", "The most that the cache may take.");
    cache_objects = &gauge(registry_, "cache_objects", "Objects in the cache.");
    cache_blocks = &gauge(registry_, "cache_blocks", "Blocks in the cache, partly present ones included.");
    cache_evictions =
        std::make_unique<counter_set>(counters(registry_, "cache_evictions_total", "Blocks or objects evicted."),
                                      labels{}, "reason", eviction_reasons);
    cache_write_errors =
        std::make_unique<counter_set>(counters(registry_, "cache_write_errors_total", "Faults of the cache's disk."),
                                      labels{}, "reason", write_error_reasons());
    fills_in_flight = &gauge(registry_, "fills_in_flight", "Transfers from stores into the cache.");
    fill_joins =
        &counters(registry_, "fill_joins_total", "Requests that followed a transfer another had begun.").Add({});
    fill_resumes =
        &counters(registry_, "fill_resumes_total", "Broken transfers that were taken up again at their offset.")
             .Add({});
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
    compression_input = std::make_unique<counter_set>(
        counters(registry_, "compression_input_bytes_total", "Body bytes that were compressed, by coding."), labels{},
        "coding", codings);
    compression_output = std::make_unique<counter_set>(
        counters(registry_, "compression_output_bytes_total", "What they were compressed to."), labels{}, "coding",
        codings);
    slow_readers = &counters(registry_, "slow_readers_total", "Clients too slow to hold blocks of the cache.").Add({});
    log_dropped = &counters(registry_, "log_dropped_total", "Lines of the log that nobody took in time.").Add({});
    open_descriptors = &gauge(registry_, "open_descriptors", "Open file descriptors.");
    gauge(registry_, "build_info", "The version that runs.", {{"version", SLUICE_VERSION}}).Set(1);
    config_last_reload_successful =
        &gauge(registry_, "config_last_reload_successful", "Whether the configuration was read without fault.");
    config_last_reload_successful->Set(1);
}

route_metrics& metrics::route(const std::string& name) {
    const std::lock_guard lock(mutex_);
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
    const std::lock_guard lock(mutex_);
    auto& slot = stores_[name];
    if (!slot) {
        slot = std::make_unique<store_metrics>();
        slot->requests = std::make_unique<counter_set>(*origin_requests_, labels{{"store", name}}, "code");
        slot->bytes = &origin_bytes_->Add({{"store", name}});
        slot->first_byte = &origin_first_byte_->Add({{"store", name}}, latency_buckets());
        slot->up = &store_up_->Add({{"store", name}});
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
