#include "credential_renewal.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace sluice::server {

namespace {

/// When the first of a store's credentials expires, in seconds since 1970; 0 where none does.
double earliest_expiry(const origin::store& store) {
    std::optional<identity::time_point> first;
    for (const auto& each : store.refreshables()) {
        const auto expires = each->status().expires;
        first = first && expires ? std::min(*first, *expires) : (expires ? expires : first);
    }
    return first ? std::chrono::duration<double>(first->time_since_epoch()).count() : 0.0;
}

} // namespace

void start_renewals(const store_map& stores, worker& w, identity::http_client& by, metrics::metrics& counters) {
    for (const auto& [name, store] : stores) {
        for (const auto& each : store->refreshables()) {
            counters.add_credential_metrics(name);
            auto& credentials = counters.store(name);
            identity::refresh_observer observer;
            observer.tried = [&credentials](bool ok) {
                credentials.credential_refresh->at(ok ? "ok" : "error").Increment();
            };
            observer.published = [&credentials, &s = *store](std::optional<identity::time_point>) {
                credentials.credential_expiry->Set(earliest_expiry(s));
            };
            each->observe(std::move(observer));
            w.tasks.spawn(each->run(w.get_executor(), by));
        }
    }
}

void stop_renewals(const store_map& stores) {
    for (const auto& [name, store] : stores) {
        for (const auto& each : store->refreshables()) {
            each->stop();
        }
    }
}

} // namespace sluice::server
