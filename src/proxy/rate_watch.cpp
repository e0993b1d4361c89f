#include <sluice/proxy/rate_watch.hpp>

namespace sluice::proxy {

namespace {

constexpr std::chrono::seconds period{1};

} // namespace

rate_watch::rate_watch(exchange& x)
    : x_(x)
    , rates_(x.services.settings->limits.body_min_rate, x.services.settings->limits.send_min_rate)
    , timer_(
          x.services.self.deadlines, [](void* w) { static_cast<rate_watch*>(w)->look(); }, this) {
    timer_.expires_after(period);
}

void rate_watch::look() {
    auto& client = x_.client;
    timer_.expires_after(period);
    const client_progress p{client.is_reading() && !x_.body_read && !x_.awaits_continue, client.bytes_received(),
                            client.is_writing(), client.is_writing() ? client.bytes_taken() : 0};
    switch (rates_.sample(p, x_.services.self.deadlines.now())) {
    case rate_verdict::none:
        break;
    case rate_verdict::slow_body:
        x_.services.counters.client_closed->at("slow_body").Increment();
        client.give_up_reading();
        break;
    case rate_verdict::slow_send:
        x_.services.counters.client_closed->at("slow_send").Increment();
        timer_.clear();
        client.abort();
        break;
    }
}

void reader_rest::before_wait() {
    if (slow_) {
        let_go();
    }
    if (!timer_) {
        timer_.emplace(
            x_.services.self.deadlines, [](void* r) { static_cast<reader_rest*>(r)->look(); }, this);
        look();
    }
}

void reader_rest::look() {
    const bool was_slow = slow_;
    slow_ = rate_.sample(x_.client.is_writing(), x_.client.bytes_taken(), x_.services.self.deadlines.now());
    timer_->expires_after(period);
    if (!slow_) {
        return;
    }
    if (!was_slow) {
        x_.services.counters.slow_readers->Increment();
    }
    let_go();
}

void reader_rest::let_go() {
    if (!rests_) {
        rests_ = true;
        reader_.rest();
    }
}

} // namespace sluice::proxy
