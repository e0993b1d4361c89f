// What is left to the app: bounded where a fault brings it there, and one at a time where the app cannot do better.
#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/base/log.hpp>
#include <sluice/media/cors.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/turns.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/relay/upstream.hpp>
#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/rate_window.hpp>
#include <sluice/session/send_response.hpp>

#include <algorithm>
#include <optional>

namespace sluice::media {

namespace {

using metrics::fallback_reason;

/// One of the requests that the app answers because of a fault. Who is refused holds none.
class fallback_slot {
public:
    explicit fallback_slot(fallback_state& state)
        : state_(state)
        , taken_(state.running.fetch_add(1) < state.settings.concurrency) {
        if (!taken_) {
            state_.running.fetch_sub(1);
            state_.refused.store(steady_clock::now().time_since_epoch().count());
        }
    }
    fallback_slot(const fallback_slot&) = delete;
    fallback_slot& operator=(const fallback_slot&) = delete;
    ~fallback_slot() {
        if (taken_) {
            state_.running.fetch_sub(1);
        }
    }
    [[nodiscard]] bool taken() const noexcept { return taken_; }

private:
    fallback_state& state_;
    bool taken_;
};

/// How long a client is looked at that keeps others waiting: those wait for `fallback.after`.
std::chrono::milliseconds patience(const config::fallback& settings) {
    return std::clamp<std::chrono::milliseconds>(settings.after / 2, std::chrono::seconds(1), std::chrono::seconds(2));
}

/// Cuts a client that takes its time while others wait for its turn's end, or are refused for want of its slot.
class holder_watch {
public:
    /// `place`: its turn, or nullptr. `slot`: it holds one.
    holder_watch(fallback_state& state, session::exchange& x, const turns::place* place, bool slot)
        : state_(state)
        , x_(x)
        , place_(place)
        , slot_(slot)
        , over_(patience(state.settings))
        , rate_(least_rate, over_)
        , timer_(
              x.worker.self.deadlines, [](void* w) { static_cast<holder_watch*>(w)->look(); }, this) {
        look();
    }

private:
    void look() {
        auto& client = x_.client;
        timer_.expires_after(over_ / 4);
        const bool slow = rate_.sample(client.is_writing(), client.is_writing() ? client.bytes_taken() : 0,
                                       x_.worker.self.deadlines.now());
        if (slow && is_missed()) {
            x_.worker.counters.client_closed->at("slow_turn").Increment();
            timer_.clear();
            client.abort();
        }
    }

    [[nodiscard]] bool is_missed() const {
        const steady_clock::time_point refused{steady_clock::duration(state_.refused.load(std::memory_order_relaxed))};
        return (place_ != nullptr && place_->is_awaited()) || (slot_ && steady_clock::now() - refused < over_);
    }

    fallback_state& state_;
    session::exchange& x_;
    const turns::place* place_;
    bool slot_;
    std::chrono::milliseconds over_;
    session::rate_window rate_;
    deadline timer_;
};

/// The app writes the copy that it answers from until its answer begins, whether or not its client is still there.
class awaited_response_filter : public relay::response_filter {
public:
    awaited_response_filter() { outlives_client = true; }
    bool on_head(const http::response_head& /*head*/) override { return true; }
};

enum class waited : std::uint8_t { has_turn, too_long, client_gone };

/// Completes when the turn has come, `fallback.after` is over, or the client has gone.
awaitable<waited> wait_for_turn(fallback_state& state, session::exchange& x, const turns::place& place, event& wake) {
    deadline until(x.worker.self.deadlines, event::notify_at, &wake);
    until.expires_after(state.settings.after);
    const session::disconnect_watch watch(x, event::notify_at, &wake);
    while (!place.has_turn() && !until.expired() && !watch.client_gone()) {
        co_await wake.wait();
    }
    if (watch.client_gone() || !x.client.is_open()) {
        co_return waited::client_gone;
    }
    co_return place.has_turn() ? waited::has_turn : waited::too_long;
}

awaitable<void> relay_bounded(fallback_state& state, relay::upstream& app, session::exchange& x,
                              const media_route& route, const to_app& how, const turns::place* place) {
    if (!how.reason.empty()) {
        count_fallback(x, route, how.reason);
    }
    std::optional<fallback_slot> slot;
    if (how.bounded) {
        slot.emplace(state);
        if (!slot->taken()) {
            const std::string fields = fields_of_failure(x, route, how.reason).append(session::retry_soon);
            co_await session::send_response(x, 503, "The app is busy with requests of this kind already.\n", fields);
            co_return;
        }
    }
    const std::string status =
        how.reason.empty() ? std::string() : bypass_status(how.reason); // the app says what CORS there is
    std::optional<holder_watch> watch;
    if (place != nullptr || slot) {
        watch.emplace(state, x, place, slot.has_value());
    }
    if (place != nullptr) {
        awaited_response_filter answer;
        co_await relay::relay_through(app, x, answer, status);
    } else {
        co_await relay::relay(app, x, status);
    }
}

} // namespace

void count_fallback(session::exchange& x, const media_route& route, std::string_view reason) {
    x.outcome = metrics::outcome::fallback;
    x.route = route.counters;
    x.detail = reason;
    route.counters->fallback->at(reason).Increment();
}

std::string fields_of_failure(const session::exchange& x, const media_route& route, std::string_view reason) {
    std::string fields = bypass_status(reason);
    if (route.settings.cors) {
        append_cors_fields(fields, *route.settings.cors, x.request.fields.value("Origin"));
    }
    return fields;
}

awaitable<void> relay_to_app(fallback_state& state, relay::upstream& app, session::exchange& x,
                             const media_route& route, to_app how) {
    if (how.turn.empty()) {
        co_await relay_bounded(state, app, x, route, how, nullptr);
        co_return;
    }
    const auto wake = std::make_shared<event>(x.worker.self.get_executor());
    std::optional<turns::place> place(std::in_place, state.app_turns, how.turn, wake);
    const auto how_waited = co_await wait_for_turn(state, x, *place, *wake);
    if (how_waited == waited::client_gone) {
        x.drop_client(); // the app need not work for nobody
        co_return;
    }
    if (how_waited == waited::too_long) {
        place.reset(); // whoever is slow to take this keeps nobody waiting
        constexpr auto reason = to_string(fallback_reason::busy);
        count_fallback(x, route, reason);
        const std::string fields = fields_of_failure(x, route, reason).append(session::retry_soon);
        co_await session::send_response(x, 503, "The app is busy with other requests for this file.\n", fields);
        co_return;
    }
    co_await relay_bounded(state, app, x, route, how, &*place);
}

void tell_not_taken(fallback_state& state, const media_route& route, std::string_view reason, std::string_view named) {
    const auto& store = route.settings.store.empty() ? route.settings.name : route.settings.store;
    if (!state.told.is_first(std::string(reason) + ' ' + store)) {
        return;
    }
    std::string configured;
    for (const auto& place : route.places) {
        configured.append(configured.empty() ? "" : ", ").append(place.shown);
    }
    if (route.places.empty() && route.store != nullptr) {
        configured = authorize::place_of(route.store->settings()).shown;
    }
    if (configured.empty()) {
        configured = "no store that can be used: see /readyz";
    }
    log::warn("media requests are left to the app (said once for this reason and store; fallback_total counts them): "
              "where what is named should be found, compare the storage settings with the app's own",
              {{"route", route.settings.name},
               {"store", route.settings.store},
               {"reason", reason},
               {"named", authorize::loggable_name(named)},
               {"configured", configured}});
}

} // namespace sluice::media
