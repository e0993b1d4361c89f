#include <sluice/server/record.hpp>

namespace sluice::server {

void record(session::exchange& x, const proxy::services& phases, access_log& log) {
    auto& route = x.route != nullptr ? *x.route : phases.app.counters;
    route.count_request(x.outcome, x.status);
    // Once an exchange: the counters are atomic doubles.
    if (x.bytes.cache > 0) {
        route.cache_bytes->Increment(static_cast<double>(x.bytes.cache));
    }
    if (x.bytes.origin > 0) {
        route.origin_bytes->Increment(static_cast<double>(x.bytes.origin));
    }
    if (x.bytes.app > 0) {
        route.app_bytes->Increment(static_cast<double>(x.bytes.app));
    }
    if (x.first_byte) {
        route.first_byte[static_cast<std::size_t>(x.outcome)]->Observe(
            std::chrono::duration<double>(*x.first_byte - x.started).count());
    }
    if (x.cut) {
        x.worker.counters.responses_cut[static_cast<std::size_t>(*x.cut)]->Increment();
    }
    log.record(x);
}

void record_cut_off(open_exchanges& open, const proxy::services& phases, access_log& log) {
    open.for_each([&](session::exchange& x) {
        if (x.status != 101) {
            x.note_cut(metrics::cut_by::drain);
        }
        record(x, phases, log);
    });
}

} // namespace sluice::server
