#include <sluice/authorize/authorize.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_request.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include "subrequest.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace sluice::authorize {

namespace {

void append_part(std::string& out, std::string_view part) {
    const auto length = static_cast<std::uint64_t>(part.size());
    for (unsigned shift = 0; shift < 64; shift += 8) {
        out += static_cast<char>((length >> shift) & 0xFFU);
    }
    out += part;
}

/// Fields that differ from request to request of one caller and decide nothing.
bool decides_nothing(std::string_view name, const config::authorize_subrequest& how,
                     std::span<const std::string> identity) {
    static constexpr std::array<std::string_view, 12> names{
        "user-agent", "referer",      "traceparent", "tracestate",        "x-request-id", "b3",
        "range",      "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-amzn-trace-id"};
    const auto starts = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && http::same_name(name.substr(0, prefix.size()), prefix);
    };
    const auto is = [name](std::string_view other) { return http::same_name(name, other); };
    const bool names_caller = http::is_one_of(identity, name); // whatever else its name looks like
    return !names_caller && (starts("accept") || starts("if-") || std::any_of(names.begin(), names.end(), is) ||
                             std::any_of(how.ignore_headers.begin(), how.ignore_headers.end(), is));
}

/// Everything that was sent and may decide, as one text in which no two requests look alike.
std::string decision_text(const session::exchange& x, const protected_route& route,
                          const config::authorize_subrequest& how, std::string_view target, std::string_view fields) {
    std::string text;
    text.reserve(fields.size() + target.size() + 64);
    append_part(text, route.settings.name);
    append_part(text, x.request.method);
    append_part(text, target);
    while (!fields.empty()) {
        const auto end = fields.find("\r\n");
        const auto line = fields.substr(0, end);
        const auto colon = line.find(':');
        if (!decides_nothing(line.substr(0, colon), how, x.worker.settings->strip_request_headers)) {
            append_part(text, line);
        }
        fields.remove_prefix(end + 2);
    }
    return text;
}

/// What the answer is about: changes of it are told by these names.
subject subject_of(const session::exchange& x, const decision_cache& kept, const protected_route& route,
                   std::string_view target) {
    subject about{route.asked_by_name ? resource_path(target) : std::string(), resource_path(x.target)};
    if (route.app != nullptr) {
        about.all = route.app->all_resources();
        about.caller = caller_of(x, kept);
    }
    return about;
}

/// Who shares an answer: whoever asks the same, unless what it is about changed since the first of them asked. Where no
/// decision is kept, each request is asked for by itself.
std::string flight_name(const decision_cache::key& key, std::uint64_t generation, const session::exchange* alone) {
    std::string name(key.begin(), key.end());
    const auto mark = alone != nullptr ? reinterpret_cast<std::uintptr_t>(alone) : generation;
    return name.append(alone != nullptr ? "!" : ".").append(std::to_string(mark));
}

std::string_view result_name(const subrequest_result& d) {
    switch (d.said) {
    case decision::allowed:
        return "granted";
    case decision::denied:
        return "denied";
    case decision::unresolved:
        return "unresolved";
    case decision::error:
        break;
    }
    return d.why == metrics::fallback_reason::authorize_timeout ? "timeout" : "error";
}

decision verdict_of(const authorization& g) {
    return g.not_taken ? decision::unresolved : decision::allowed;
}

/// What the one who leads is told; nothing where the client has gone before.
awaitable<std::optional<subrequest_result>> follow(session::exchange& x,
                                                   single_flight<subrequest_result>::ticket& place) {
    const auto wake = std::make_shared<event>(x.worker.self.get_executor());
    const session::disconnect_watch watch(x, event::notify_at, wake.get());
    const auto gone = [&watch] { return watch.client_gone(); };
    auto told = co_await place.wait_unless(wake, gone);
    co_return told;
}

using flight = single_flight<subrequest_result>::ticket;

/// A subrequest under way, and the client that it is made for.
struct asked_for {
    flight& place;
    net::request_canceler canceler{};

    void client_went() {
        if (place.close_if_alone()) {
            canceler.cancel();
        }
    }
};

/// Asks the app, for all who are in the flight. `l` gets what is this client's alone.
awaitable<subrequest_result> lead(const subrequest& question, flight& place, auth_result& l) {
    asked_for asking{place};
    session::disconnect_watch watch(
        question.x, [](void* what) { static_cast<asked_for*>(what)->client_went(); }, &asking);
    auto answered = co_await send_subrequest(question, asking.canceler);
    l.set_cookie = std::move(answered.set_cookie);
    l.client_gone = watch.client_gone();
    co_return std::move(answered.told);
}

} // namespace

std::string caller_of(const session::exchange& x, const decision_cache& kept) {
    const auto& fields = x.request.fields;
    return kept.caller_name(fields.value("cookie"), fields.value("authorization"));
}

awaitable<auth_result> authorize_request(authorizer& app, session::exchange& x, const protected_route& route,
                                         std::string_view target) {
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    if (how == nullptr) {
        co_return auth_result{decision::allowed};
    }
    auto& kept_decisions = app.shared.kept;
    std::string fields;
    const bool preset = route.app != nullptr;
    relay::append_client_fields(fields, x, app.upstream,
                                preset ? relay::carried_fields::for_preset_subrequest
                                       : relay::carried_fields::for_subrequest);
    relay::append_forwarded_fields(fields, x, app.upstream);
    const bool whole = http::append_field(fields, "X-Original-Method", x.request.method) &&
                       http::append_field(fields, "X-Original-URI", x.target);
    const auto key = kept_decisions.key_of(decision_text(x, route, *how, target, fields));
    const bool keeps = how->ttl.count() > 0;
    if (keeps) {
        if (auto kept = kept_decisions.find(key, steady_clock::now())) {
            route.counters->authorize->at("cached").Increment();
            const auto said = verdict_of(*kept);
            co_return auth_result{said, std::move(kept)};
        }
    }
    const auto asking = kept_decisions.ask(subject_of(x, kept_decisions, route, target));
    auto place = app.shared.subrequests.enter(flight_name(key, asking.generation(), keeps ? nullptr : &x));
    auth_result l;
    subrequest_result told;
    if (!place.leads()) {
        auto theirs = co_await follow(x, place);
        if (!theirs) {
            l.client_gone = true;
            co_return l;
        }
        told = std::move(*theirs);
    } else {
        const auto asked = steady_clock::now();
        if (whole) {
            std::string text("GET ");
            text.append(target).append(" HTTP/1.1\r\n").append(fields).append("\r\n");
            const subrequest question{x, app, route, *how, target, std::move(text)};
            auto answered = co_await lead(question, place, l);
            told = std::move(answered);
        }
        if (told.given && keeps) {
            kept_decisions.keep(asking, key, told.given, asked + how->ttl, steady_clock::now());
        }
        place.land(told);
    }
    if (!l.client_gone || told.said != decision::error) { // else it was given up
        route.counters->authorize->at(result_name(told)).Increment();
    }
    l.said = told.said;
    l.why = told.why;
    if (preset && told.said == decision::error) {
        l.turn = resource_path(target) + ' ' + std::string(key.begin(), key.end());
    }
    l.given = std::move(told.given);
    l.refused = std::move(told.refused);
    co_return l;
}

} // namespace sluice::authorize
