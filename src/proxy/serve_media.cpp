// Media requests: leave, delivery, and the ways out where a delivery fails.
#include <sluice/authorize/app_headers.hpp>
#include <sluice/authorize/authorization.hpp>
#include <sluice/authorize/authorize.hpp>
#include <sluice/authorize/decision.hpp>
#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/base/log.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/proxy/serve_media.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/send_response.hpp>

namespace sluice::proxy {

namespace {

using metrics::outcome;

/// Whether the key lies where this store may be asked for it.
bool in_store(const origin::store& s, std::string_view key) {
    return key.starts_with(s.settings().prefix);
}

/// Requests for what the app serves from one copy go there one at a time.
std::string turn_of(const std::shared_ptr<const authorize::authorization>& given) {
    return given && given->shares_copy ? given->resolver_id : std::string();
}

awaitable<void> fall_back(services& with, media::media_request& m, error e) {
    const auto reason = to_string(e.code);
    log::debug("fallback", {{"route", m.route.settings.name}, {"reason", reason}, {"detail", e.detail}});
    const bool app_named_it = m.given && m.given->store;
    if (app_named_it && (e.code == errc::not_found || e.code == errc::forbidden)) {
        media::tell_not_taken(with.fallback, m.route, reason,
                              m.key); // the app would not name what it cannot read itself
    }
    media::to_app how{reason, turn_of(m.given), true};
    co_await media::relay_to_app(with.fallback, with.app, m.x, m.route, std::move(how));
}

/// Where the app has answered already, and named an object that cannot be had.
awaitable<void> answer_without_object(media::media_request& m, error e) {
    const auto reason = to_string(e.code);
    m.x.outcome = outcome::bypass;
    m.x.detail = reason;
    const auto fields = media::fields_of_failure(m.x, m.route, reason);
    log::warn("an object that the app named cannot be had",
              {{"route", m.route.settings.name}, {"reason", reason}, {"detail", e.detail}});
    if (e.code == errc::not_found) {
        co_await session::send_response(m.x, 404, "404 Not Found\n", fields);
    } else {
        co_await session::send_response(m.x, 502, "502 Bad Gateway\n", fields);
    }
}

/// Delivers, and where that fails: before the first byte another answer, after it a cut.
awaitable<void> send_object(services& with, media::media_request& m, bool app_has_answered) {
    session::exchange& x = m.x;
    x.body_read = true;
    auto sent = co_await media::deliver_object(with.media, m);
    if (sent) {
        co_return;
    }
    if (!x.head_sent && sent.error().source == error_source::client) {
        x.drop_client(); // the app need not work for nobody
        co_return;
    }
    if (!x.head_sent && app_has_answered) {
        co_await answer_without_object(m, sent.error());
        co_return;
    }
    if (!x.head_sent) {
        co_await fall_back(with, m, sent.error());
        co_return;
    }
    // Cut, never ended: a client must not take a part for the whole.
    x.keep_alive = false;
    x.client.close();
    if (sent.error().source != error_source::client) {
        log::warn("a response was cut short", {{"route", m.route.settings.name},
                                               {"reason", to_string(sent.error().code)},
                                               {"detail", sent.error().detail}});
    }
}

media::media_request request_for(services& with, session::exchange& x, const media::media_route& route,
                                 origin::store& store, std::string key, std::uint64_t purges_seen) {
    media::media_request m{x,          route, store, std::move(key), steady_clock::now() + with.fallback.settings.after,
                           purges_seen};
    m.head_only = x.request.method == "HEAD";
    m.wanted = media::parse_requested_ranges(x.request.fields);
    return m;
}

/// Takes the app's answer where it is a 200 that names an object in the route's field.
class object_header_filter : public relay::response_filter {
public:
    object_header_filter(const media::media_route& route, const config::config& settings)
        : route_(route)
        , settings_(settings) {}
    bool on_head(const http::response_head& head, const relay::forward_progress& /*progress*/) override {
        const auto& field = route_.settings.object_header;
        is_there = head.status == 200 && head.fields.count(field) == 1;
        if (is_there) {
            value = head.fields.value(field);
            fields = authorize::object_response_headers(head.fields, settings_.object_headers,
                                                        route_.settings.cors.has_value());
        }
        return !is_there;
    }
    http::header_list on_failure(const error& e, const relay::forward_progress& /*progress*/) override {
        if (e.source == error_source::client) {
            return {};
        }
        why = e.code == errc::timeout ? metrics::fallback_reason::authorize_timeout
                                      : metrics::fallback_reason::authorize_error;
        return media::bypass_fields(to_string(*why));
    }

    std::optional<metrics::fallback_reason> why{}; ///< the app did not answer
    bool is_there{false};
    std::string value{};
    http::header_list fields{};

private:
    const media::media_route& route_;
    const config::config& settings_;
};

/// What the app is asked; "" where nobody is.
std::string subrequest_target(const media::media_route& route, const std::vector<media::capture>& captures) {
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    return how != nullptr ? media::expand_raw(how->path, captures) : std::string();
}

/// Leave, but to nothing that can be served from here: so it would be without us, and is not bounded like a fault.
awaitable<void> relay_not_taken(services& with, session::exchange& x, const media::media_route& route,
                                metrics::fallback_reason why, std::string_view named, std::string turn) {
    media::tell_not_taken(with.fallback, route, to_string(why), named);
    media::to_app how{to_string(why), std::move(turn), false};
    co_await media::relay_to_app(with.fallback, with.app, x, route, std::move(how));
}

/// No leave: the app answers the request itself, as if nobody stood before it.
awaitable<void> relay_refused(services& with, session::exchange& x, const authorize::auth_result& said) {
    x.outcome = outcome::denied;
    if (said.refused) {
        // Apps without HEAD would answer it by some page; what they said to the same GET is the truth.
        auto fields = said.refused->fields;
        fields.add(said.set_cookie);
        co_await session::send_response_head(x, said.refused->status, fields);
        co_return;
    }
    co_await relay::forward(with.app, x);
}

/// Whatever the gate said but leave to something that can be served.
awaitable<void> relay_ungranted(services& with, session::exchange& x, const media::media_route& route,
                                authorize::auth_result said) {
    if (said.client_gone) {
        x.drop_client();
    } else if (said.said == authorize::decision::unresolved) {
        co_await relay_not_taken(with, x, route, *said.given->not_taken, said.given->key, turn_of(said.given));
    } else if (said.said == authorize::decision::error) {
        media::to_app how{to_string(said.why), std::move(said.turn), true};
        co_await media::relay_to_app(with.fallback, with.app, x, route, std::move(how));
    } else {
        co_await relay_refused(with, x, said);
    }
}

} // namespace

awaitable<void> serve_media(services& with, session::exchange& x, const media::media_route& route,
                            const std::vector<media::capture>& captures) {
    const auto began = steady_clock::now();
    const auto purges_seen = with.media.fills.cache.changes();
    std::string key;
    if (!route.settings.resolve) {
        auto expanded =
            media::expand_key(route.settings.object, captures, authorize::key_form_of(route.store->settings()));
        if (!expanded || !in_store(*route.store, expanded.value())) {
            const std::string named = expanded ? expanded.value() : std::string();
            co_await relay_not_taken(with, x, route, metrics::fallback_reason::not_ours, named, {});
            co_return;
        }
        key = std::move(expanded.value());
    }
    const std::string target = subrequest_target(route, captures);
    auto said = co_await authorize::authorize_request(with.authorizer, x, route, target);
    if (said.client_gone || said.said != authorize::decision::allowed) {
        co_await relay_ungranted(with, x, route, std::move(said));
        co_return;
    }
    origin::store* store = route.store;
    if (said.given && said.given->store) { // the app said which
        store = route.place_stores[*said.given->store];
        key = said.given->key;
    }
    media::media_request m = request_for(with, x, route, *store, std::move(key), purges_seen);
    m.given = std::move(said.given);
    m.set_cookie = std::move(said.set_cookie);
    m.authorize_time = steady_clock::now() - began;
    co_await send_object(with, m, false);
}

awaitable<void> serve_named(services& with, session::exchange& x, const media::media_route& route) {
    const auto began = steady_clock::now();
    const auto purges_seen = with.media.fills.cache.changes();
    object_header_filter named(route, *x.worker.settings);
    relay::forward_options how;
    how.filter = &named;
    how.without_range = true;
    how.may_name_object = true;
    co_await relay::forward(with.app, x, how);
    if (named.why) { // it was left to the app from the beginning, and is not asked of it once more
        media::count_fallback(x, route, to_string(*named.why));
    }
    if (!named.is_there) {
        co_return;
    }
    auto place = authorize::place_from_header(named.value, route.places, route.own_place);
    if (!place) {
        log::warn("the app named an object that lies in no configured store",
                  {{"route", route.settings.name}, {"named", authorize::loggable_name(named.value)}});
        co_await session::send_response(x, 502, "502 Bad Gateway\n");
        co_return;
    }
    authorize::authorization given;
    given.fields = std::move(named.fields);
    media::media_request m =
        request_for(with, x, route, *route.place_stores[place->store], std::move(place->key), purges_seen);
    m.given = std::make_shared<const authorize::authorization>(std::move(given));
    m.authorize_time = steady_clock::now() - began;
    co_await send_object(with, m, true);
}

awaitable<void> relay_app_copy(services& with, session::exchange& x, const media::media_route& route,
                               std::string_view id) {
    const std::vector<media::capture> captures{{"id", id}};
    const std::string target = subrequest_target(route, captures);
    auto said = co_await authorize::authorize_request(with.authorizer, x, route, target);
    if (said.client_gone || said.said == authorize::decision::error) {
        co_await relay_ungranted(with, x, route, std::move(said));
        co_return;
    }
    media::to_app how{{}, turn_of(said.given), false};
    co_await media::relay_to_app(with.fallback, with.app, x, route, std::move(how));
}

} // namespace sluice::proxy
