#include "slow_holder_watch.hpp"

#include <sluice/media/slow_holder_rules.hpp>

namespace sluice::media::detail {

slow_holder_watch::slow_holder_watch(fallback_state& state, session::exchange& x, const keyed_mutex::ticket* lock,
                                     bool has_slot)
    : state_(state)
    , x_(x)
    , lock_(lock)
    , has_slot_(has_slot)
    , over_(observation_time(state.settings))
    , rate_(min_holder_rate, over_)
    , timer_(
          x.worker.self.deadlines, [](void* w) { static_cast<slow_holder_watch*>(w)->look(); }, this) {
    look();
}

void slow_holder_watch::look() {
    auto& client = x_.client;
    timer_.expires_after(over_ / 4);
    const bool slow = rate_.sample(client.is_writing(), client.is_writing() ? client.bytes_taken() : 0,
                                   x_.worker.self.deadlines.now());
    if (slow && holds_others_up()) {
        x_.worker.counters.client_closed->at("slow_turn").Increment();
        timer_.clear();
        client.abort();
    }
}

bool slow_holder_watch::holds_others_up() const {
    if (lock_ != nullptr && lock_->is_contended()) {
        return true;
    }
    const steady_clock::time_point refused{steady_clock::duration(state_.last_refused.load(std::memory_order_relaxed))};
    return has_slot_ && steady_clock::now() - refused < over_;
}

} // namespace sluice::media::detail
