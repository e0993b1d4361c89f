#include <sluice/base/log.hpp>
#include <sluice/http/date.hpp>

#include "server_process.hpp"

#include <utility>

/// What each worker does at its ticks, and the gauges that are read from there.
namespace sluice::server {

void server_process::tick(worker_state& w) {
    w.context.date = http::format_http_date(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    for (auto* fill : w.media.fills.running) {
        fill->tick();
    }
    w.context.poller.poll(w.self.deadlines.now());
    if (&w == &first()) {
        decisions_.cache.expire(w.self.deadlines.now());
    }
    w.log.flush();
    std::size_t to_app = 0;
    for (const auto* pool : w.app_pools()) {
        to_app += pool->open_connections();
    }
    w.app_connections.store(to_app, std::memory_order_relaxed);
    w.origin_connections.store(w.origin_pool.open_connections(), std::memory_order_relaxed);
}

void server_process::refresh_gauges() {
    std::size_t app = 0;
    std::size_t origin = 0;
    for (const auto& w : workers_) {
        app += w->app_connections.load(std::memory_order_relaxed);
        origin += w->origin_connections.load(std::memory_order_relaxed);
    }
    counters_.app_connections->Set(static_cast<double>(app));
    counters_.origin_connections->Set(static_cast<double>(origin));
    counters_.client_connections->Set(connections_.load());
    counters_.decision_bytes->Set(static_cast<double>(decisions_.cache.bytes()));
    if (counters_.cache_up != nullptr) {
        const auto usable = cache_.available();
        counters_.cache_up->Set(usable || usable.error().code == errc::cache_starting ? 1 : 0);
    }
    counters_.cache_size_bytes->Set(static_cast<double>(cache_.used_bytes()));
    counters_.cache_limit_bytes->Set(static_cast<double>(cache_.limit_bytes()));
    counters_.cache_objects->Set(static_cast<double>(cache_.object_count()));
    counters_.cache_blocks->Set(static_cast<double>(cache_.block_count()));
    for (const auto& [name, store] : setup_.stores) {
        store->counters().breaker_open->Set(store->circuit().is_open() ? 1 : 0);
    }
    counters_.fills_in_flight->Set(fills_.in_use());
    counters_.memory_bytes->Set(static_cast<double>(memory_.used_bytes()));
    const auto dropped = log::dropped(); // on the first worker, as all scrapes
    counters_.log_dropped->Increment(static_cast<double>(dropped - std::exchange(log_dropped_, dropped)));
}

} // namespace sluice::server
