#include <sluice/base/log.hpp>
#include <sluice/http/target.hpp>
#include <sluice/proxy/deliver.hpp>
#include <sluice/proxy/fill.hpp>
#include <sluice/proxy/gate.hpp>
#include <sluice/proxy/handle_request.hpp>
#include <sluice/proxy/lookup.hpp>
#include <sluice/proxy/media_head.hpp>
#include <sluice/proxy/relay.hpp>

namespace sluice::proxy {

namespace {

using metrics::outcome;

/// A version may change while it is looked up; beyond this many times the app answers.
constexpr int most_versions = 3;

struct routed {
    const media_route* route{nullptr};
    std::vector<capture> captures{};
};

routed find_route(const exchange& x) {
    if (x.services.media == nullptr) {
        return {};
    }
    const auto parts = http::split_target(x.target);
    if (!http::is_media_safe_path(parts.path)) {
        return {};
    }
    for (const auto& route : x.services.media->routes) {
        if (auto captures = route.path.match(parts.path)) {
            if (query_allowed(route.settings, parts.query, parts.has_query)) {
                return {&route, std::move(*captures)};
            }
        }
    }
    return {};
}

/// Methods and bodies that are the app's alone.
bool is_media_request(const exchange& x) {
    const auto& r = x.request;
    return (r.method == "GET" || r.method == "HEAD") && !x.parser.has_body() && r.fields.find("Expect") == nullptr &&
           r.fields.find("Upgrade") == nullptr;
}

/// Whether the key lies where this store may be asked for it.
bool in_store(const origin::store& s, std::string_view key) {
    return key.starts_with(s.settings().prefix);
}

awaitable<void> fall_back(media_request& m, error e) {
    exchange& x = m.x;
    const auto reason = to_string(e.code);
    const std::string status = bypass_status(reason);
    x.outcome = outcome::fallback;
    x.detail = reason;
    m.route.counters->fallback->at(reason).Increment();
    log::debug("fallback", {{"route", m.route.settings.name}, {"reason", reason}, {"detail", e.detail}});
    auto& busy = m.services.fallbacks;
    if (busy.fetch_add(1) >= m.services.fallback.concurrency) {
        const std::string fields = status + "Retry-After: 1\r\n";
        co_await answer(x, 503, "The media store cannot be reached, and the app is busy with such requests already.\n",
                        fields);
    } else {
        co_await relay(x, status);
    }
    busy.fetch_sub(1);
}

awaitable<delivered> deliver(media_request& m) {
    if (m.store.can().local) {
        auto d = co_await deliver_local(m);
        co_return d;
    }
    delivered d;
    for (int version = 0; version < most_versions; ++version) {
        auto found = co_await locate(m);
        if (found.object) {
            auto from_cache = co_await deliver_cached(m, found.object, std::move(found.hold));
            d = std::move(from_cache);
        } else if (found.empty_range) {
            const representation r{*found.empty_range, {}, {}, {}, {}};
            std::string head;
            m.x.outcome = outcome::miss;
            append_head(head, m, r, plan{416, {}, false});
            m.x.note_head_sent();
            auto sent = co_await m.x.client.write(head);
            d.failure = sent ? std::nullopt : std::optional<error>(sent.error());
        } else {
            d.failure = found.failure;
        }
        const bool open = d.failure && !m.x.head_sent;
        if (open && is_uncacheable(d.failure->code)) {
            auto past_cache = co_await deliver_direct(m, std::move(found.direct), d.failure->code);
            co_return past_cache;
        }
        if (!open || !(is_changed(d.failure->code) || d.failure->code == errc::canceled)) {
            co_return d;
        }
        m.x.outcome = outcome::relay; // once more, with the version that is there now
    }
    co_return d;
}

awaitable<void> serve_media(exchange& x, const media_route& route, const std::vector<capture>& captures) {
    auto& services = *x.services.media;
    const auto began = steady_clock::now();
    auto key = expand_key(route.settings.object, captures);
    if (!key || !in_store(*route.store, key.value())) {
        co_await relay(x, {});
        co_return;
    }
    auto asked = co_await authorize(x, services, route, captures);
    if (!asked.granted) {
        x.outcome = outcome::denied;
        co_await relay(x, {});
        co_return;
    }
    media_request m{
        x, services, route, *route.store, std::move(key.value()), steady_clock::now() + services.fallback.after};
    m.head_only = x.request.method == "HEAD";
    m.range = wanted_range(x.request.fields);
    m.donated_fields = std::move(asked.donated_fields);
    m.authorize_time = steady_clock::now() - began;
    x.body_read = true;
    auto d = co_await deliver(m);
    if (!d.failure) {
        co_return;
    }
    if (!x.head_sent) {
        co_await fall_back(m, std::move(*d.failure));
        co_return;
    }
    // Cut, never ended: a client must not take a part for the whole.
    x.keep_alive = false;
    x.client.close();
    if (d.failure->source != error_source::client) {
        log::warn(
            "a response was cut short",
            {{"route", route.settings.name}, {"reason", to_string(d.failure->code)}, {"detail", d.failure->detail}});
    }
}

/// What a DELETE takes away must not be had from here a moment longer: neither leave nor bytes.
awaitable<void> relay_delete(exchange& x, const routed& to) {
    auto& media = *x.services.media;
    forget_decisions(media);
    co_await relay(x, {});
    forget_decisions(media);
    if (to.route != nullptr && x.status >= 200 && x.status < 300) {
        const auto key = expand_key(to.route->settings.object, to.captures);
        if (key) {
            media.cache.purge(to.route->store->identity(), key.value());
        }
    }
}

} // namespace

awaitable<void> handle_request(exchange& x) {
    const routed to = find_route(x);
    x.route = to.route != nullptr ? to.route->counters : &x.services.relay_counters;
    if (to.route != nullptr && is_media_request(x)) {
        co_await serve_media(x, *to.route, to.captures);
        co_return;
    }
    if (x.request.method == "DELETE" && x.services.media != nullptr) {
        co_await relay_delete(x, to);
        co_return;
    }
    co_await relay(x, {});
}

} // namespace sluice::proxy
