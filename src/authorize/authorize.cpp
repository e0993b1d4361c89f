#include <sluice/authorize/authorize.hpp>
#include <sluice/authorize/decision_key.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/authorize/subrequest_outcome.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_request.hpp>
#include <sluice/session/watched_flight.hpp>

#include "subrequest.hpp"

#include <optional>
#include <utility>

namespace sluice::authorize {

namespace {

using subrequest_flight = single_flight<subrequest_result>::flight;

bool keeps_decisions(const config::authorize_subrequest& how) noexcept {
    return how.ttl.count() > 0;
}

/// The fields that it carries, and the key of its decision.
void prepare(subrequest& s) {
    const session::exchange& x = s.x;
    const auto carried = s.route.preset != nullptr ? relay::carried_fields::for_preset_subrequest
                                                   : relay::carried_fields::for_subrequest;
    relay::append_client_fields(s.fields, x, s.app.upstream, carried);
    relay::append_forwarded_fields(s.fields, x, s.app.upstream);
    s.sendable = http::append_field(s.fields, "X-Original-Method", x.request.method) &&
                 http::append_field(s.fields, "X-Original-URI", x.target);
    if (s.how.same == config::same_question::first_byte) {
        s.fields.append("Range: bytes=0-0\r\n");
    }
    s.key = s.app.shared.cache.key_of(decision_text(s.key_inputs()));
}

/// The leader's: sends the subrequest for all who follow.
awaitable<auth_result> lead(const subrequest& s, subrequest_flight& flight) {
    auth_result out;
    if (!s.sendable) {
        out.error_detail = "the client's method or target cannot stand in a field";
        co_return out;
    }
    net::request_canceler canceler;
    session::leader_watch watch(s.x, flight, canceler);
    auto response = co_await send_subrequest(s, canceler);
    static_cast<subrequest_result&>(out) = std::move(response.result);
    out.set_cookie = std::move(response.set_cookie);
    out.client_gone = watch.client_gone();
    co_return out;
}

/// Whose subrequest a request may share.
enum class sharing { with_same, none };

/// Leads or follows: one subrequest for all who would send the same at the same time.
awaitable<auth_result> join_subrequest(const subrequest& s, sharing how) {
    auto& shared = s.app.shared;
    const bool keeps = keeps_decisions(s.how);
    std::string caller = s.route.preset != nullptr ? caller_tag_of(s.x, shared.cache) : std::string();
    const auto token = shared.cache.begin(tags_of(s.route, s.target, s.x.target, std::move(caller)));
    const bool shares = keeps && how == sharing::with_same;
    auto flight = shared.subrequests.join(flight_name(s.key, shares ? std::optional(token.generation()) : std::nullopt,
                                                      reinterpret_cast<std::uintptr_t>(&s.x)));
    auth_result out;
    if (!flight.leads()) {
        auto theirs = co_await session::follow(s.x, flight);
        out.client_gone = !theirs;
        out.followed = true;
        if (theirs) {
            static_cast<subrequest_result&>(out) = std::move(*theirs);
        }
        co_return out;
    }
    const auto began = steady_clock::now();
    auto led = co_await lead(s, flight);
    out = std::move(led);
    if (out.authorization && keeps && !out.varies) {
        shared.cache.insert(token, s.key, out.authorization, began + s.how.ttl, steady_clock::now());
    }
    flight.complete(static_cast<const subrequest_result&>(out));
    co_return out;
}

/// Asks with others, and again alone where what the app said turns out to be for another of them.
awaitable<auth_result> ask_app(const subrequest& s) {
    auto joined = co_await join_subrequest(s, sharing::with_same);
    if (!joined.varies || !joined.followed || joined.client_gone) {
        co_return joined;
    }
    co_return co_await join_subrequest(s, sharing::none);
}

} // namespace

std::string caller_tag_of(const session::exchange& x, const decision_cache& cache) {
    const auto& fields = x.request.fields;
    return cache.caller_tag(fields.value("cookie"), fields.value("authorization"));
}

awaitable<auth_result> authorize_request(authorizer& app, session::exchange& x, const protected_route& route,
                                         std::string_view target) {
    auth_result out;
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    if (how == nullptr) {
        out.decision = auth_decision::allowed;
        co_return out;
    }
    const auto began = steady_clock::now();
    subrequest s{x, app, route, *how, target};
    prepare(s);
    if (keeps_decisions(*how)) {
        out.authorization = app.shared.cache.find(s.key, began);
        if (out.authorization) {
            x.authorize_time = steady_clock::now() - began;
            route.counters->authorize->at("cached").Increment();
            out.decision = decision_of(out.authorization->unresolved_reason);
            co_return out;
        }
    }
    auto asked = co_await ask_app(s);
    out = std::move(asked);
    x.authorize_time = steady_clock::now() - began;
    if (has_outcome(out.decision, out.client_gone)) {
        route.counters->authorize->at(result_label(out)).Increment();
    }
    if (route.preset != nullptr && out.decision == auth_decision::error) {
        out.serial_key = resource_path(target) + ' ' + std::string(s.key.begin(), s.key.end());
    }
    co_return out;
}

} // namespace sluice::authorize
