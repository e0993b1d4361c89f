// What is left to the app: bounded where a fault brings it there, and one at a time where the app cannot do better.
#include <sluice/base/log.hpp>
#include <sluice/proxy/absence_watch.hpp>
#include <sluice/proxy/cors.hpp>
#include <sluice/proxy/fall_back.hpp>
#include <sluice/proxy/media_head.hpp>
#include <sluice/proxy/rate_window.hpp>
#include <sluice/proxy/relay.hpp>
#include <sluice/proxy/turns.hpp>

#include <algorithm>
#include <optional>

namespace sluice::proxy {

namespace {

using metrics::fallback_reason;

constexpr std::size_t longest_logged = 256;

/// One of the requests that the app answers because of a fault. Who is refused holds none.
class fallback_slot {
public:
    explicit fallback_slot(media_services& services)
        : services_(services)
        , taken_(services.fallbacks.fetch_add(1) < services.fallback.concurrency) {
        if (!taken_) {
            services_.fallbacks.fetch_sub(1);
            services_.fallback_refused.store(steady_clock::now().time_since_epoch().count());
        }
    }
    fallback_slot(const fallback_slot&) = delete;
    fallback_slot& operator=(const fallback_slot&) = delete;
    ~fallback_slot() {
        if (taken_) {
            services_.fallbacks.fetch_sub(1);
        }
    }
    [[nodiscard]] bool taken() const noexcept { return taken_; }

private:
    media_services& services_;
    bool taken_;
};

/// How long a client is looked at that keeps others waiting: those wait for `fallback.after`.
std::chrono::milliseconds patience(const media_services& services) {
    return std::clamp<std::chrono::milliseconds>(services.fallback.after / 2, std::chrono::seconds(1),
                                                 std::chrono::seconds(2));
}

/// Cuts a client that takes its time while others wait for its turn's end, or are refused for want of its slot.
class holder_watch {
public:
    /// `place`: its turn, or nullptr. `slot`: it holds one.
    holder_watch(exchange& x, const turns::place* place, bool slot)
        : x_(x)
        , place_(place)
        , slot_(slot)
        , over_(patience(*x.services.media))
        , rate_(least_rate, over_)
        , timer_(
              x.services.self.deadlines, [](void* w) { static_cast<holder_watch*>(w)->look(); }, this) {
        look();
    }

private:
    void look() {
        auto& client = x_.client;
        timer_.expires_after(over_ / 4);
        const bool slow = rate_.sample(client.is_writing(), client.is_writing() ? client.bytes_taken() : 0,
                                       x_.services.self.deadlines.now());
        if (slow && is_missed()) {
            x_.services.counters.client_closed->at("slow_turn").Increment();
            timer_.clear();
            client.abort();
        }
    }

    [[nodiscard]] bool is_missed() const {
        const steady_clock::time_point refused{
            steady_clock::duration(x_.services.media->fallback_refused.load(std::memory_order_relaxed))};
        return (place_ != nullptr && place_->is_awaited()) || (slot_ && steady_clock::now() - refused < over_);
    }

    exchange& x_;
    const turns::place* place_;
    bool slot_;
    std::chrono::milliseconds over_;
    rate_window rate_;
    deadline timer_;
};

/// The app writes the copy that it answers from until its answer begins, whether or not its client is still there.
class awaited_answer : public answer_filter {
public:
    awaited_answer() { for_absent_clients = true; }
    bool pass(const http::response_head& /*head*/) override { return true; }
};

/// A place as an operator knows it.
std::string described(const store_place& place) {
    switch (place.type) {
    case config::store_type::s3:
        return "s3://" + place.bucket + "/" + place.prefix;
    case config::store_type::gcs:
        return "gs://" + place.bucket + "/" + place.prefix;
    case config::store_type::azure:
        return place.root + "/" + place.bucket + "/" + place.prefix;
    case config::store_type::local:
        break;
    }
    return place.root + "/" + place.prefix;
}

enum class waited : std::uint8_t { has_turn, too_long, client_gone };

/// Completes when the turn has come, `fallback.after` is over, or the client has gone.
awaitable<waited> wait_for_turn(exchange& x, const turns::place& place, event& wake) {
    deadline until(x.services.self.deadlines, event::notify_at, &wake);
    until.expires_after(x.services.media->fallback.after);
    const absence_watch watch(x, event::notify_at, &wake);
    while (!place.has_turn() && !until.expired() && !watch.client_gone()) {
        co_await wake.wait();
    }
    if (watch.client_gone() || !x.client.is_open()) {
        co_return waited::client_gone;
    }
    co_return place.has_turn() ? waited::has_turn : waited::too_long;
}

awaitable<void> relay_bounded(exchange& x, const media_route& route, const to_app& how, const turns::place* place) {
    if (!how.reason.empty()) {
        count_fallback(x, route, how.reason);
    }
    std::optional<fallback_slot> slot;
    if (how.bounded) {
        slot.emplace(*x.services.media);
        if (!slot->taken()) {
            const std::string fields = fields_of_failure(x, route, how.reason).append(retry_soon);
            co_await answer(x, 503, "The app is busy with requests of this kind already.\n", fields);
            co_return;
        }
    }
    const std::string status =
        how.reason.empty() ? std::string() : bypass_status(how.reason); // the app says what CORS there is
    std::optional<holder_watch> watch;
    if (place != nullptr || slot) {
        watch.emplace(x, place, slot.has_value());
    }
    if (place != nullptr) {
        awaited_answer answer;
        co_await relay_through(x, answer, status);
    } else {
        co_await relay(x, status);
    }
}

} // namespace

void count_fallback(exchange& x, const media_route& route, std::string_view reason) {
    x.outcome = metrics::outcome::fallback;
    x.route = route.counters;
    x.detail = reason;
    route.counters->fallback->at(reason).Increment();
}

std::string fields_of_failure(const exchange& x, const media_route& route, std::string_view reason) {
    std::string fields = bypass_status(reason);
    if (route.settings.cors) {
        append_cors_fields(fields, *route.settings.cors, x.request.fields.value("Origin"));
    }
    return fields;
}

awaitable<void> relay_to_app(exchange& x, const media_route& route, to_app how) {
    if (how.turn.empty()) {
        co_await relay_bounded(x, route, how, nullptr);
        co_return;
    }
    const auto wake = std::make_shared<event>(x.services.self.get_executor());
    std::optional<turns::place> place(std::in_place, x.services.media->app_turns, how.turn, wake);
    const auto how_waited = co_await wait_for_turn(x, *place, *wake);
    if (how_waited == waited::client_gone) {
        x.drop_client(); // the app need not work for nobody
        co_return;
    }
    if (how_waited == waited::too_long) {
        place.reset(); // whoever is slow to take this keeps nobody waiting
        constexpr auto reason = to_string(fallback_reason::busy);
        count_fallback(x, route, reason);
        const std::string fields = fields_of_failure(x, route, reason).append(retry_soon);
        co_await answer(x, 503, "The app is busy with other requests for this file.\n", fields);
        co_return;
    }
    co_await relay_bounded(x, route, how, &*place);
}

std::string loggable_name(std::string_view named) {
    named = named.substr(0, named.find('?'));
    const auto scheme = named.find("://");
    const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto end = std::min(named.find('/', host), named.size());
    const auto at = named.substr(0, end).rfind('@');
    std::string text(named);
    if (host != 0 && at != std::string_view::npos && at >= host) {
        text.erase(host, at + 1 - host);
    }
    if (text.size() > longest_logged) {
        std::size_t end_of_text = longest_logged;
        while (end_of_text > 0 && (static_cast<unsigned char>(text[end_of_text]) & 0xC0U) == 0x80U) {
            --end_of_text; // not within a character
        }
        text.resize(end_of_text);
    }
    return text;
}

void tell_not_taken(media_services& services, const media_route& route, std::string_view reason,
                    std::string_view named) {
    const auto& store = route.settings.store.empty() ? route.settings.name : route.settings.store;
    if (!services.told.is_first(std::string(reason) + ' ' + store)) {
        return;
    }
    std::string configured;
    for (const auto& place : route.places) {
        configured.append(configured.empty() ? "" : ", ").append(described(place));
    }
    if (route.places.empty() && route.store != nullptr) {
        configured = described(place_of(route.store->settings()));
    }
    if (configured.empty()) {
        configured = "no store that can be used: see /readyz";
    }
    log::warn("media requests are left to the app (said once for this reason and store; fallback_total counts them): "
              "where what is named should be found, compare the storage settings with the app's own",
              {{"route", route.settings.name},
               {"store", route.settings.store},
               {"reason", reason},
               {"named", loggable_name(named)},
               {"configured", configured}});
}

} // namespace sluice::proxy
