// Media requests: leave, delivery, and the ways out where a delivery fails.
#include <sluice/base/log.hpp>
#include <sluice/proxy/deliver.hpp>
#include <sluice/proxy/fall_back.hpp>
#include <sluice/proxy/fill.hpp>
#include <sluice/proxy/gate.hpp>
#include <sluice/proxy/lookup.hpp>
#include <sluice/proxy/media_head.hpp>
#include <sluice/proxy/redirect.hpp>
#include <sluice/proxy/relay.hpp>
#include <sluice/proxy/serve_media.hpp>

namespace sluice::proxy {

namespace {

using metrics::outcome;

/// A version may change while it is looked up; beyond this many times the app answers.
constexpr int most_versions = 3;

/// Whether the key lies where this store may be asked for it.
bool in_store(const origin::store& s, std::string_view key) {
    return key.starts_with(s.settings().prefix);
}

/// Requests for what the app serves from one copy go there one at a time.
std::string turn_of(const std::shared_ptr<const grant>& given) {
    return given && given->shares_copy ? given->resolver_id : std::string();
}

awaitable<void> fall_back(media_request& m, error e) {
    const auto reason = to_string(e.code);
    log::debug("fallback", {{"route", m.route.settings.name}, {"reason", reason}, {"detail", e.detail}});
    const bool app_named_it = m.given && m.given->store != nullptr;
    if (app_named_it && (e.code == errc::not_found || e.code == errc::forbidden)) {
        tell_not_taken(m.services, m.route, reason, m.key); // the app would not name what it cannot read itself
    }
    to_app how{reason, turn_of(m.given), true};
    co_await relay_to_app(m.x, m.route, std::move(how));
}

/// Where the app has answered already, and named an object that cannot be had.
awaitable<void> answer_without_object(media_request& m, error e) {
    const auto reason = to_string(e.code);
    m.x.outcome = outcome::bypass;
    m.x.detail = reason;
    const std::string fields = fields_of_failure(m.x, m.route, reason);
    log::warn("an object that the app named cannot be had",
              {{"route", m.route.settings.name}, {"reason", reason}, {"detail", e.detail}});
    if (e.code == errc::not_found) {
        co_await answer(m.x, 404, "404 Not Found\n", fields);
    } else {
        co_await answer(m.x, 502, "502 Bad Gateway\n", fields);
    }
}

awaitable<delivered> deliver(media_request& m) {
    if (m.route.settings.delivery == config::delivery::redirect && !m.store.can().local) {
        auto d = co_await redirect(m);
        co_return d;
    }
    if (m.store.can().local) {
        auto d = co_await deliver_local(m);
        co_return d;
    }
    delivered d;
    for (int version = 0; version < most_versions; ++version) {
        auto found = co_await locate(m);
        if (found.object) {
            if (m.given) {
                m.services.cache.link(found.object, m.given->resolver_id, m.purges_seen);
            }
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

/// Delivers, and where that fails: before the first byte another answer, after it a cut.
awaitable<void> send_object(media_request& m, bool app_has_answered) {
    exchange& x = m.x;
    x.body_read = true;
    auto d = co_await deliver(m);
    if (!d.failure) {
        co_return;
    }
    if (!x.head_sent && d.failure->source == error_source::client) {
        x.drop_client(); // the app need not work for nobody
        co_return;
    }
    if (!x.head_sent && app_has_answered) {
        co_await answer_without_object(m, std::move(*d.failure));
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
            {{"route", m.route.settings.name}, {"reason", to_string(d.failure->code)}, {"detail", d.failure->detail}});
    }
}

media_request request_for(exchange& x, const media_route& route, origin::store& store, std::string key,
                          std::uint64_t purges_seen) {
    auto& services = *x.services.media;
    media_request m{x,          services, route, store, std::move(key), steady_clock::now() + services.fallback.after,
                    purges_seen};
    m.head_only = x.request.method == "HEAD";
    take_ranges(m);
    return m;
}

/// Takes the app's answer where it is a 200 that names an object in the route's field.
class naming_answer : public answer_filter {
public:
    naming_answer(const media_route& route, const config::config& settings)
        : route_(route)
        , settings_(settings) {
        without_range = true;
        may_name = true;
    }
    bool pass(const http::response_head& head) override {
        const auto& field = route_.settings.object_header;
        is_there = head.status == 200 && head.fields.count(field) == 1;
        if (is_there) {
            value = head.fields.value(field);
            fields = object_answer_fields(head.fields, settings_.object_headers, route_.settings.cors.has_value());
        }
        return !is_there;
    }
    void no_answer() override {
        if (failed && failed->source != error_source::client) {
            why = failed->code == errc::timeout ? metrics::fallback_reason::authorize_timeout
                                                : metrics::fallback_reason::authorize_error;
            failure_fields = bypass_status(to_string(*why));
        }
    }

    std::optional<metrics::fallback_reason> why{}; ///< the app did not answer
    bool is_there{false};
    std::string value{};
    donated fields{};

private:
    const media_route& route_;
    const config::config& settings_;
};

/// Leave, but to nothing that can be served from here: so it would be without us, and is not bounded like a fault.
awaitable<void> relay_not_taken(exchange& x, const media_route& route, metrics::fallback_reason why,
                                std::string_view named, std::string turn) {
    tell_not_taken(*x.services.media, route, to_string(why), named);
    to_app how{to_string(why), std::move(turn), false};
    co_await relay_to_app(x, route, std::move(how));
}

/// No leave: the app answers the request itself, as if nobody stood before it.
awaitable<void> relay_refused(exchange& x, const leave& said) {
    x.outcome = outcome::denied;
    if (said.refused) {
        // Apps without HEAD would answer it by some page; what they said to the same GET is the truth.
        const std::string fields = said.refused->fields + said.set_cookie;
        co_await answer_head(x, said.refused->status, fields);
        co_return;
    }
    co_await relay(x, {});
}

/// Whatever the gate said but leave to something that can be served.
awaitable<void> relay_ungranted(exchange& x, const media_route& route, leave said) {
    if (said.client_gone) {
        x.drop_client();
    } else if (said.said == verdict::unresolved) {
        co_await relay_not_taken(x, route, *said.given->not_taken, said.given->key, turn_of(said.given));
    } else if (said.said == verdict::error) {
        to_app how{to_string(said.why), std::move(said.turn), true};
        co_await relay_to_app(x, route, std::move(how));
    } else {
        co_await relay_refused(x, said);
    }
}

} // namespace

awaitable<void> serve_media(exchange& x, const media_route& route, const std::vector<capture>& captures) {
    const auto began = steady_clock::now();
    const auto purges_seen = x.services.media->cache.changes();
    std::string key;
    if (!route.settings.resolve) {
        auto expanded = expand_key(route.settings.object, captures, key_form_of(route.store->settings().type));
        if (!expanded || !in_store(*route.store, expanded.value())) {
            const std::string named = expanded ? expanded.value() : std::string();
            co_await relay_not_taken(x, route, metrics::fallback_reason::not_ours, named, {});
            co_return;
        }
        key = std::move(expanded.value());
    }
    auto said = co_await authorize(x, *x.services.media, route, captures);
    if (said.client_gone || said.said != verdict::granted) {
        co_await relay_ungranted(x, route, std::move(said));
        co_return;
    }
    const bool resolved = said.given && said.given->store != nullptr;
    if (resolved) {
        key = said.given->key;
    }
    media_request m = request_for(x, route, resolved ? *said.given->store : *route.store, std::move(key), purges_seen);
    m.given = std::move(said.given);
    m.set_cookie = std::move(said.set_cookie);
    m.authorize_time = steady_clock::now() - began;
    co_await send_object(m, false);
}

awaitable<void> serve_named(exchange& x, const media_route& route) {
    const auto began = steady_clock::now();
    const auto purges_seen = x.services.media->cache.changes();
    naming_answer named(route, *x.services.settings);
    co_await relay_through(x, named);
    if (named.why) { // it was left to the app from the beginning, and is not asked of it once more
        count_fallback(x, route, to_string(*named.why));
    }
    if (!named.is_there) {
        co_return;
    }
    auto place = place_from_header(named.value, route.places, route.own_place);
    if (!place) {
        log::warn("the app named an object that lies in no configured store",
                  {{"route", route.settings.name}, {"named", loggable_name(named.value)}});
        co_await answer(x, 502, "502 Bad Gateway\n", {});
        co_return;
    }
    grant given;
    given.fields = std::move(named.fields);
    media_request m = request_for(x, route, *route.place_stores[place->store], std::move(place->key), purges_seen);
    m.given = std::make_shared<const grant>(std::move(given));
    m.authorize_time = steady_clock::now() - began;
    co_await send_object(m, true);
}

awaitable<void> relay_app_copy(exchange& x, const media_route& route, std::string_view id) {
    const std::vector<capture> captures{{"id", id}};
    auto said = co_await authorize(x, *x.services.media, route, captures);
    if (said.client_gone || said.said == verdict::error) {
        co_await relay_ungranted(x, route, std::move(said));
        co_return;
    }
    to_app how{{}, turn_of(said.given), false};
    co_await relay_to_app(x, route, std::move(how));
}

} // namespace sluice::proxy
