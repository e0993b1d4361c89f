// What is left to the app: limited where a fault brings it there, and one at a time where the app cannot do better.
#include <sluice/base/log.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/relay/upstream.hpp>
#include <sluice/session/send_response.hpp>

#include "lock_wait.hpp"
#include "slow_holder_watch.hpp"

#include <optional>

namespace sluice::media {

namespace {

using metrics::fallback_reason;

awaitable<void> refuse(session::exchange& x, const media_route& route, std::string_view reason, std::string_view text) {
    auto fields = failure_response_fields(x, route, reason);
    fields.add(session::retry_soon());
    co_await session::send_response(x, 503, text, fields);
}

/// Relays within `fallback.concurrency`. `lock`: what the request holds, or nullptr.
awaitable<void> relay_limited(fallback_state& state, relay::upstream& app, session::exchange& x,
                              const media_route& route, const fallback_options& how, const keyed_mutex::ticket* lock) {
    const std::string_view reason = how.cause.reason;
    if (!reason.empty()) {
        record_fallback(x, route, how.cause);
    }
    const auto slot = how.limited ? state.slots.try_take() : std::nullopt;
    if (how.limited && !slot) {
        state.last_refused.store(steady_clock::now().time_since_epoch().count());
        co_await refuse(x, route, reason, "The app is busy with requests of this kind already.\n");
        co_return;
    }
    relay::forward_options options;
    if (!reason.empty()) {
        options.added_fields = bypass_fields(reason); // the app says what CORS there is
    }
    // The app writes the copy that it answers from until its response begins, whether or not its client is still there.
    options.outlives_client = lock != nullptr;
    std::optional<detail::slow_holder_watch> watch;
    if (lock != nullptr || slot) {
        watch.emplace(state, x, lock, slot.has_value());
    }
    co_await relay::forward(app, x, options);
}

} // namespace

void record_fallback(session::exchange& x, const media_route& route, const fallback_cause& cause) {
    x.outcome = metrics::outcome::fallback;
    x.route = route.counters;
    x.detail = cause.reason;
    route.counters->fallback->at(cause.reason).Increment();
    const std::string_view store = cause.store.empty() ? std::string_view(route.settings.store) : cause.store;
    log::debug("fallback",
               {{"route", route.settings.name}, {"store", store}, {"reason", cause.reason}, {"detail", cause.detail}});
}

awaitable<void> relay_to_app(fallback_state& state, relay::upstream& app, session::exchange& x,
                             const media_route& route, fallback_options how) {
    if (how.serial_key.empty()) {
        co_await relay_limited(state, app, x, route, how, nullptr);
        co_return;
    }
    const auto wake = std::make_shared<async_event>(x.worker.self.get_executor());
    std::optional<keyed_mutex::ticket> lock(std::in_place, state.one_at_a_time, how.serial_key, wake);
    const auto waited = co_await detail::wait_for_lock(state, x, *lock, *wake);
    if (waited == detail::lock_wait::client_gone) {
        x.drop_client(); // the app need not work for nobody
        co_return;
    }
    if (waited == detail::lock_wait::timed_out) {
        lock.reset(); // whoever is slow to take this keeps nobody waiting
        constexpr auto reason = to_string(fallback_reason::busy);
        record_fallback(x, route, {reason, how.cause.reason, how.cause.store});
        co_await refuse(x, route, reason, "The app is busy with other requests for this file.\n");
        co_return;
    }
    co_await relay_limited(state, app, x, route, how, &*lock);
}

} // namespace sluice::media
