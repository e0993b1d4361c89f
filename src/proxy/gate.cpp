#include <sluice/http/fields.hpp>
#include <sluice/proxy/absence_watch.hpp>
#include <sluice/proxy/gate.hpp>
#include <sluice/proxy/relay.hpp>
#include <sluice/proxy/resource_path.hpp>
#include <sluice/proxy/unsafe_request.hpp>

#include "relay_parts.hpp"
#include "subrequest.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace sluice::proxy {

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
    const bool names_caller = detail::is_one_of(identity, name); // whatever else its name looks like
    return !names_caller && (starts("accept") || starts("if-") || std::any_of(names.begin(), names.end(), is) ||
                             std::any_of(how.ignore_headers.begin(), how.ignore_headers.end(), is));
}

/// Everything that was sent and may decide, as one text in which no two requests look alike.
std::string decision_text(const exchange& x, const media_route& route, const config::authorize_subrequest& how,
                          std::string_view target, std::string_view fields) {
    std::string text;
    text.reserve(fields.size() + target.size() + 64);
    append_part(text, route.settings.name);
    append_part(text, x.request.method);
    append_part(text, target);
    while (!fields.empty()) {
        const auto end = fields.find("\r\n");
        const auto line = fields.substr(0, end);
        const auto colon = line.find(':');
        if (!decides_nothing(line.substr(0, colon), how, x.services.settings->strip_request_headers)) {
            append_part(text, line);
        }
        fields.remove_prefix(end + 2);
    }
    return text;
}

/// What the answer is about: changes of it are told by these names.
subject subject_of(const exchange& x, const decisions& kept, const media_route& route, std::string_view target) {
    subject about{route.asked_by_name ? resource_path(target) : std::string(), resource_path(x.target)};
    if (route.settings.preset == config::preset::open_webui) {
        about.all = open_webui_all_files;
        about.caller = caller_of(x, kept);
    }
    return about;
}

/// Who shares an answer: whoever asks the same, unless what it is about changed since the first of them asked. Where no
/// decision is kept, each request is asked for by itself.
std::string flight_name(const decisions::key& key, std::uint64_t era, const exchange* alone) {
    std::string name(key.begin(), key.end());
    const auto mark = alone != nullptr ? reinterpret_cast<std::uintptr_t>(alone) : era;
    return name.append(alone != nullptr ? "!" : ".").append(std::to_string(mark));
}

std::string_view result_name(const decision& d) {
    switch (d.said) {
    case verdict::granted:
        return "granted";
    case verdict::denied:
        return "denied";
    case verdict::unresolved:
        return "unresolved";
    case verdict::error:
        break;
    }
    return d.why == metrics::fallback_reason::authorize_timeout ? "timeout" : "error";
}

verdict verdict_of(const grant& g) {
    return g.not_taken ? verdict::unresolved : verdict::granted;
}

/// What the one who leads is told; nothing where the client has gone before.
awaitable<std::optional<decision>> follow(exchange& x, single_flight<decision>::ticket& place) {
    const auto wake = std::make_shared<event>(x.services.self.get_executor());
    const absence_watch watch(x, event::notify_at, wake.get());
    const auto gone = [&watch] { return watch.client_gone(); };
    auto told = co_await place.wait_unless(wake, gone);
    co_return told;
}

using flight = single_flight<decision>::ticket;

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
awaitable<decision> lead(const app_question& question, flight& place, leave& l) {
    asked_for asking{place};
    absence_watch watch(
        question.x, [](void* what) { static_cast<asked_for*>(what)->client_went(); }, &asking);
    auto answered = co_await ask_app(question, asking.canceler);
    l.set_cookie = std::move(answered.set_cookie);
    l.client_gone = watch.client_gone();
    co_return std::move(answered.told);
}

} // namespace

awaitable<leave> authorize(exchange& x, media_services& services, const media_route& route,
                           const std::vector<capture>& captures) {
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    if (how == nullptr) {
        co_return leave{verdict::granted};
    }
    const std::string target = expand_raw(how->path, captures);
    std::string fields;
    const bool preset = route.settings.preset == config::preset::open_webui;
    append_client_fields(fields, x, preset ? carried_fields::for_preset_subrequest : carried_fields::for_subrequest);
    append_forwarded_fields(fields, x);
    const bool whole = http::append_field(fields, "X-Original-Method", x.request.method) &&
                       http::append_field(fields, "X-Original-URI", x.target);
    const auto key = services.grants.key_of(decision_text(x, route, *how, target, fields));
    const bool keeps = how->ttl.count() > 0;
    if (keeps) {
        if (auto kept = services.grants.find(key, steady_clock::now())) {
            route.counters->authorize->at("cached").Increment();
            const auto said = verdict_of(*kept);
            co_return leave{said, std::move(kept)};
        }
    }
    const auto asking = services.grants.ask(subject_of(x, services.grants, route, target));
    auto place = services.subrequests.enter(flight_name(key, asking.era(), keeps ? nullptr : &x));
    leave l;
    decision told;
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
            const app_question question{x,    services, route,
                                        *how, target,   "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n"};
            auto answered = co_await lead(question, place, l);
            told = std::move(answered);
        }
        if (told.given && keeps) {
            services.grants.keep(asking, key, told.given, asked + how->ttl, steady_clock::now());
        }
        place.land(told);
    }
    if (!l.client_gone || told.said != verdict::error) { // else it was given up
        route.counters->authorize->at(result_name(told)).Increment();
    }
    l.said = told.said;
    l.why = told.why;
    if (preset && told.said == verdict::error) {
        l.turn = resource_path(target) + ' ' + std::string(key.begin(), key.end());
    }
    l.given = std::move(told.given);
    l.refused = std::move(told.refused);
    co_return l;
}

} // namespace sluice::proxy
