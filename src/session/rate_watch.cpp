#include <sluice/session/rate_watch.hpp>

namespace sluice::session {

namespace {

constexpr std::chrono::seconds period{1};

} // namespace

rate_watch::rate_watch(exchange& x)
    : x_(x)
    , rates_(x.worker.settings->limits.body_min_rate, x.worker.settings->limits.send_min_rate)
    , timer_(
          x.worker.self.deadlines, [](void* w) { static_cast<rate_watch*>(w)->sample(); }, this) {
    timer_.expires_after(period);
}

void rate_watch::sample() {
    auto& client = x_.client;
    timer_.expires_after(period);
    const client_progress progress{client.is_reading() && !x_.body_read && !x_.expects_continue,
                                   client.bytes_received(), client.is_writing(),
                                   client.is_writing() ? client.bytes_taken() : 0};
    switch (rates_.sample(progress, x_.worker.self.deadlines.now())) {
    case rate_verdict::none:
        break;
    case rate_verdict::slow_body:
        x_.worker.counters.client_closed->at("slow_body").Increment();
        client.refuse_body();
        break;
    case rate_verdict::slow_send:
        x_.worker.counters.client_closed->at("slow_send").Increment();
        timer_.clear();
        client.abort();
        break;
    }
}

} // namespace sluice::session
