#include "follow_redirect.hpp"

#include <sluice/authorize/decision_key.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/media/fallback_log.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/proxy/authorized_object.hpp>
#include <sluice/proxy/unserved_request.hpp>
#include <sluice/relay/app_request.hpp>

#include "redirect_filter.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::proxy {

namespace {

using authorize::decision_cache;
using metrics::fallback_reason;

bool keeps_decisions(const media::media_route& route) noexcept {
    return route.settings.follow->ttl.count() > 0;
}

/// Of all that the app is to see of this request; nullopt where no decision is kept.
std::optional<decision_cache::key_type> key_of(services& with, const session::exchange& x,
                                               const media::media_route& route) {
    if (!keeps_decisions(route)) {
        return std::nullopt;
    }
    std::string fields;
    relay::append_client_fields(fields, x, with.app, relay::carried_fields::all);
    relay::append_forwarded_fields(fields, x, with.app);
    return with.authorizer.shared.cache.key_of(authorize::decision_text(
        {route.settings.name, x.request.method, x.target, fields, {}, x.worker.settings->strip_request_headers}));
}

/// A response that refuses, and not one about a range or a precondition of a representation that the app has itself.
bool is_denial(unsigned status) noexcept {
    return status >= 400 && status != 412 && status != 416;
}

/// How the app responded, as `authorize_total` has it.
std::string_view result_of(const redirect_filter& response) noexcept {
    if (response.held && response.why_passed.empty()) {
        return "granted";
    }
    if (response.why_failed) {
        return *response.why_failed == fallback_reason::authorize_timeout ? "timeout" : "error";
    }
    return is_denial(response.passed_status) ? "denied" : "unresolved";
}

void note_response(services& with, session::exchange& x, const media::media_route& route,
                   const redirect_filter& response) {
    if (response.held) {
        x.authorize_time = steady_clock::now() - x.started;
    }
    if (response.held || response.passed_status != 0 || response.why_failed) {
        route.counters->authorize->at(result_of(response)).Increment();
    }
    if (response.why_failed) { // there is nothing left to fall back to
        media::record_fallback(x, route, {to_string(*response.why_failed), response.failure_detail});
    } else if (!response.why_passed.empty()) {
        media::warn_not_followed(with.fallback, route, response.why_passed, response.passed_url);
    } else if (is_denial(response.passed_status)) {
        x.outcome = metrics::outcome::denied;
        x.detail = std::to_string(response.passed_status);
    }
}

/// No longer than the URL that allowed it.
steady_clock::time_point kept_until(const media::media_route& route, const redirect_filter& response,
                                    const request_start& start) {
    const auto end = start.began + route.settings.follow->ttl;
    if (!response.lifetime) {
        return end;
    }
    const auto lifetime = std::clamp(std::chrono::duration_cast<steady_clock::duration>(*response.lifetime),
                                     steady_clock::duration::zero(), end - start.began);
    return std::min(end, response.responded + lifetime);
}

/// The client gets the redirect, since its object could not be delivered because of `e`.
void note_redirected(services& with, media::media_request& m, const error& e) {
    const auto reason = to_string(e.code);
    if (e.code == errc::not_found || e.code == errc::forbidden) {
        media::warn_left_to_app(with.fallback, m.route, reason, m.key);
    }
    media::record_fallback(m.x, m.route, {reason, e.detail, m.store.settings().name});
}

/// Delivers what a kept decision allows; where that fails, the app is asked after all.
awaitable<void> deliver_kept(services& with, session::exchange& x, const media::media_route& route,
                             std::shared_ptr<const authorize::authorization> kept, const request_start& start) {
    authorize::auth_result allowed;
    allowed.authorization = std::move(kept);
    auto m = media_request_of(with, x, route, object_of(route, {}, std::move(allowed)), start);
    auto delivered = co_await media::deliver_object(with.media, m);
    if (!delivered) {
        const auto step = after_failure(delivered.error(), x.head_sent, app_response::none);
        co_await end_undelivered(with, m, std::move(delivered.error()), step);
    }
}

/// Delivers what the app's redirect leads to; where that fails, the client gets the redirect.
awaitable<void> deliver_or_redirect(services& with, media::media_request& m, const held_redirect& held) {
    auto delivered = co_await media::deliver_object(with.media, m);
    if (delivered) {
        co_return;
    }
    const auto step = after_failure(delivered.error(), m.x.head_sent, app_response::none);
    if (step != failure_step::fall_back) {
        co_await end_undelivered(with, m, std::move(delivered.error()), step);
        co_return;
    }
    note_redirected(with, m, delivered.error());
    const auto added = media::bypass_fields(m.x.detail);
    co_await send_held(m.x, held, added);
}

/// Asks the store whether it honours the URL, which another key signed; where it does not, sets `why_passed`.
awaitable<void> prove(services& with, const media::media_route& route, redirect_filter& response) {
    auto& store = *route.location_stores[*response.allowed.store];
    const auto give_up = steady_clock::now() + with.fallback.settings.after;
    auto& pool = with.media.fills.origin_pool;
    const bool honored = co_await origin::is_honored(pool, store, *response.to_prove, response.allowed.key, give_up);
    if (!honored) {
        response.why_passed = "foreign";
    }
}

/// Asks the app, and sends its response, or the object that it leads to.
awaitable<void> ask_app(services& with, session::exchange& x, const media::media_route& route,
                        const request_start& start, std::optional<decision_cache::key_type> key) {
    auto& cache = with.authorizer.shared.cache;
    std::optional token(cache.begin(authorize::tags_of(route, {}, x.target, {})));
    redirect_filter response(route, x);
    relay::forward_options how;
    how.filter = &response;
    how.may_name_object = true;
    co_await relay::forward(with.app, x, how);
    if (response.to_prove) {
        co_await prove(with, route, response);
    }
    note_response(with, x, route, response);
    if (!response.held) {
        co_return;
    }
    if (!response.why_passed.empty()) {
        co_await send_held(x, *response.held, http::no_fields);
        co_return;
    }
    authorize::auth_result allowed;
    allowed.authorization = std::make_shared<const authorize::authorization>(std::move(response.allowed));
    allowed.set_cookie = std::move(response.set_cookie);
    if (key && response.may_be_kept) {
        cache.insert(*token, *key, allowed.authorization, kept_until(route, response, start), steady_clock::now());
    }
    token.reset();
    auto m = media_request_of(with, x, route, object_of(route, {}, std::move(allowed)), start);
    co_await deliver_or_redirect(with, m, *response.held);
}

} // namespace

awaitable<void> follow_redirect(services& with, session::exchange& x, const media::media_route& route) {
    const request_start start(with);
    const auto key = key_of(with, x, route);
    auto kept = key ? with.authorizer.shared.cache.find(*key, start.began) : nullptr;
    if (kept) {
        x.authorize_time = steady_clock::now() - start.began;
        route.counters->authorize->at("cached").Increment();
        co_await deliver_kept(with, x, route, std::move(kept), start);
    } else {
        co_await ask_app(with, x, route, start, key);
    }
}

} // namespace sluice::proxy
