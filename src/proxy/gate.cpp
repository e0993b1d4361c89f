#include <sluice/http/fields.hpp>
#include <sluice/net/client.hpp>
#include <sluice/proxy/gate.hpp>
#include <sluice/proxy/relay.hpp>

#include <algorithm>
#include <array>

namespace sluice::proxy {

namespace {

/// The most of a granting answer's body that is read to keep its connection.
constexpr std::size_t most_drained = 64 * 1024;

void append_part(std::string& out, std::string_view part) {
    const auto length = static_cast<std::uint64_t>(part.size());
    for (unsigned shift = 0; shift < 64; shift += 8) {
        out += static_cast<char>((length >> shift) & 0xFFU);
    }
    out += part;
}

/// Fields that differ from request to request of one caller and decide nothing.
bool decides_nothing(std::string_view name, const config::authorize_subrequest& how) {
    static constexpr std::array<std::string_view, 12> names{
        "user-agent", "referer",      "traceparent", "tracestate",        "x-request-id", "b3",
        "range",      "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-amzn-trace-id"};
    const auto starts = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && http::same_name(name.substr(0, prefix.size()), prefix);
    };
    const auto is = [name](std::string_view other) { return http::same_name(name, other); };
    return starts("accept") || starts("if-") || std::any_of(names.begin(), names.end(), is) ||
           std::any_of(how.ignore_headers.begin(), how.ignore_headers.end(), is);
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
        if (!decides_nothing(line.substr(0, colon), how)) {
            append_part(text, line);
        }
        fields.remove_prefix(end + 2);
    }
    return text;
}

struct answer_of_app {
    verdict said{verdict::error};
    std::string donated_fields;
};

bool grants(const http::response_head& head) {
    const auto type = head.fields.value("Content-Type");
    constexpr std::string_view html = "text/html";
    // An app with a catch-all page answers 200 to anything: a page is no leave.
    const bool page = type.size() >= html.size() && http::same_name(type.substr(0, html.size()), html);
    return head.status == 204 || (head.status == 200 && !page);
}

awaitable<answer_of_app> ask(context& services, std::string_view text, std::chrono::milliseconds timeout) {
    answer_of_app a;
    net::send_options options;
    options.response_timeout = timeout;
    const auto began = steady_clock::now();
    auto sent = co_await net::send(services.app_pool, services.app, text, options);
    bool ok = sent.has_value();
    while (ok && sent.value().head().status < 200) {
        auto next = co_await sent.value().read_head();
        ok = next.has_value();
    }
    services.counters.authorize_seconds->Observe(std::chrono::duration<double>(steady_clock::now() - began).count());
    if (!ok) {
        co_return a;
    }
    const auto& head = sent.value().head();
    a.said = grants(head) ? verdict::granted : verdict::denied;
    for (const auto& f : head.fields.items) {
        if (a.said == verdict::granted && http::same_name(f.name, "Set-Cookie")) {
            (void)http::append_field(a.donated_fields, f.name, f.value);
        }
    }
    std::size_t drained = 0;
    while (drained < most_drained) {
        auto piece = co_await sent.value().read_body();
        if (!piece || piece.value().empty()) {
            break;
        }
        drained += piece.value().size();
    }
    sent.value().finish();
    co_return a;
}

} // namespace

awaitable<leave> authorize(exchange& x, media_services& services, const media_route& route,
                           const std::vector<capture>& captures) {
    const auto* how = std::get_if<config::authorize_subrequest>(&route.settings.authorize);
    if (how == nullptr) {
        co_return leave{true, {}};
    }
    const std::string target = expand_raw(how->path, captures);
    std::string fields;
    append_client_fields(fields, x, carried_fields::for_subrequest);
    append_forwarded_fields(fields, x);
    const bool whole = http::append_field(fields, "X-Original-Method", x.request.method) &&
                       http::append_field(fields, "X-Original-URI", x.target);
    const std::string key = services.grants.key_of(decision_text(x, route, *how, target, fields));
    const auto now = steady_clock::now();
    const bool keeps = how->ttl.count() > 0;
    if (keeps && services.grants.granted(key, now)) {
        route.counters->authorize->at("cached").Increment();
        co_return leave{true, {}};
    }
    const auto era = services.grants.era();
    // With no decision kept, each request is asked for by itself: nobody shares another's answer. And nobody shares one
    // that was asked for before a DELETE.
    const std::string flight = key + std::to_string(keeps ? era : reinterpret_cast<std::uintptr_t>(&x));
    auto place = services.subrequests.enter(flight);
    leave l;
    verdict said = verdict::error;
    if (place.leads()) {
        std::string text = "GET " + target + " HTTP/1.1\r\n" + fields;
        text += "\r\n";
        answer_of_app a;
        if (whole) {
            auto asked = co_await ask(x.services, text, how->timeout);
            a = std::move(asked);
        }
        said = a.said;
        l.donated_fields = std::move(a.donated_fields);
        if (said == verdict::granted && keeps) {
            services.grants.keep(key, steady_clock::now() + how->ttl, era);
        }
        place.land(said);
    } else {
        auto theirs = co_await place.wait(x.services.self.get_executor());
        said = theirs;
    }
    l.granted = said == verdict::granted;
    route.counters->authorize->at(l.granted ? "granted" : said == verdict::denied ? "denied" : "error").Increment();
    co_return l;
}

} // namespace sluice::proxy
