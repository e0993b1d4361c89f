#include <sluice/authorize/location.hpp>
#include <sluice/base/log.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/media/fallback_log.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/proxy/unserved_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/send_response.hpp>

namespace sluice::proxy {

namespace {

using metrics::outcome;

awaitable<void> fall_back(services& with, media::media_request& m, error e) {
    const auto reason = to_string(e.code);
    const bool app_named_it = m.authorization && m.authorization->store;
    if (app_named_it && (e.code == errc::not_found || e.code == errc::forbidden)) {
        // The app does not name what it cannot read itself: this is most likely not the store that it uses.
        media::warn_left_to_app(with.fallback, m.route, reason, m.key);
    }
    media::fallback_options how{{reason, e.detail, m.store.settings().name}, serial_key_of(m.authorization), true};
    co_await media::relay_to_app(with.fallback, with.app, m.x, m.route, std::move(how));
}

/// Responds in place of the object that the app's response names. `reason`: as in `Cache-Status` and the access log.
awaitable<void> send_error(session::exchange& x, const media::media_route& route, std::string_view reason) {
    x.outcome = outcome::bypass;
    x.detail = reason;
    const auto fields = media::failure_response_fields(x, route, reason);
    if (reason == to_string(errc::not_found)) {
        co_await session::send_response(x, 404, "404 Not Found\n", fields);
    } else {
        co_await session::send_response(x, 502, "502 Bad Gateway\n", fields);
    }
}

awaitable<void> send_fetch_error(media::media_request& m, error e) {
    const auto reason = to_string(e.code);
    log::warn("the object that the app's response names could not be fetched, and the client got an error instead: "
              "check that it exists and that the store can be read",
              {{"route", m.route.settings.name},
               {"store", m.store.settings().name},
               {"reason", reason},
               {"detail", e.detail}});
    co_await send_error(m.x, m.route, reason);
}

void note_denied(session::exchange& x, unsigned status) {
    x.outcome = outcome::denied;
    x.detail = std::to_string(status);
}

void cut(media::media_request& m, const error& e) {
    m.x.note_cut(metrics::cut_by_of(e.source));
    m.x.keep_alive = false;
    m.x.client.close();
    if (e.source != error_source::client) {
        log::warn("a response was cut short", {{"route", m.route.settings.name},
                                               {"path", http::path_without_query(m.x.request.target)},
                                               {"store", m.store.settings().name},
                                               {"reason", to_string(e.code)},
                                               {"detail", e.detail}});
    }
}

} // namespace

std::string serial_key_of(const std::shared_ptr<const authorize::authorization>& a) {
    return a && a->must_serialize ? a->purge_tags : std::string();
}

awaitable<void> end_unauthorized(services& with, session::exchange& x, const media::media_route& route,
                                 authorize::auth_result auth, auth_step step) {
    switch (step) {
    case auth_step::deliver: // not unauthorized
        break;
    case auth_step::send_denial: {
        note_denied(x, auth.denied_status);
        auto fields = auth.denied_response->fields;
        fields.add(auth.set_cookie);
        co_await session::send_response_head(x, auth.denied_response->status, fields);
        x.outcome = outcome_of_denied(x.status);
        break;
    }
    case auth_step::relay_denied:
        note_denied(x, auth.denied_status);
        co_await relay::forward(with.app, x);
        x.outcome = outcome_of_denied(x.status);
        break;
    case auth_step::relay_unresolved:
        co_await relay_unresolved(with, x, route, *auth.authorization->unresolved_reason, auth.authorization->key,
                                  serial_key_of(auth.authorization));
        break;
    case auth_step::fall_back: {
        const media::fallback_cause cause{to_string(auth.error_reason), auth.error_detail};
        media::fallback_options how{cause, std::move(auth.serial_key), true};
        co_await media::relay_to_app(with.fallback, with.app, x, route, std::move(how));
        break;
    }
    case auth_step::drop_client:
        x.drop_client();
        break;
    }
}

awaitable<void> relay_unresolved(services& with, session::exchange& x, const media::media_route& route,
                                 metrics::fallback_reason why, std::string_view named, std::string serial_key) {
    media::warn_left_to_app(with.fallback, route, to_string(why), named);
    media::fallback_options how{{to_string(why)}, std::move(serial_key), false};
    co_await media::relay_to_app(with.fallback, with.app, x, route, std::move(how));
}

awaitable<void> send_not_ours(services& with, session::exchange& x, const media::media_route& route,
                              std::string_view named) {
    constexpr auto reason = to_string(metrics::fallback_reason::not_ours);
    const auto url = authorize::url_in_path(named, route.settings.object_url_prefix);
    media::warn_object_not_ours(with.fallback, route, reason, url ? std::string_view(*url) : named);
    co_await send_error(x, route, reason);
}

awaitable<void> end_undelivered(services& with, media::media_request& m, error e, failure_step step) {
    switch (step) {
    case failure_step::cut:
        cut(m, e);
        break;
    case failure_step::send_error:
        co_await send_fetch_error(m, e);
        break;
    case failure_step::fall_back:
        co_await fall_back(with, m, e);
        break;
    case failure_step::drop_client:
        m.x.drop_client();
        break;
    }
}

} // namespace sluice::proxy
