#include <sluice/base/log.hpp>
#include <sluice/http/chunk.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_request.hpp>
#include <sluice/relay/steering.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/forwarded.hpp>

#include <boost/asio/ip/address.hpp>

#include "parts.hpp"

#include <algorithm>
#include <array>

namespace sluice::relay {
namespace {

bool from_trusted_proxy(const session::exchange& x) {
    return session::is_trusted(x.worker.settings->trusted_proxies, x.client.remote_address());
}

/// The last field of that name: the one that the nearest proxy added.
std::string_view last_value(const http::field_list& fields, std::string_view name) {
    const auto found = std::find_if(fields.items.rbegin(), fields.items.rend(),
                                    [name](const auto& f) { return http::same_name(f.name, name); });
    return found == fields.items.rend() ? std::string_view{} : found->value;
}

/// All values of a list field, as one list.
std::string joined(const http::field_list& fields, std::string_view name) {
    std::string all;
    for (const auto& f : fields.items) {
        if (http::same_name(f.name, name) && !f.value.empty()) {
            all.append(all.empty() ? "" : ", ").append(f.value);
        }
    }
    return all;
}

std::string_view host_of(const session::exchange& x) {
    return x.request.fields.value("host");
}

std::string_view port_of(std::string_view host) {
    const auto colon = host.rfind(':');
    const bool in_brackets = colon != std::string_view::npos && host.find(']', colon) != std::string_view::npos;
    return colon == std::string_view::npos || in_brackets || colon + 1 == host.size() ? "80" : host.substr(colon + 1);
}

/// A field whose value was checked when the head was parsed; one that cannot be written is left out.
void put(std::string& out, std::string_view name, std::string_view value) {
    static_cast<void>(http::append_field(out, name, value));
}

/// The `for=` node of RFC 7239 §6: an IPv6 address stands in brackets and quotes.
std::string forwarded_element(std::string_view remote, std::string_view host) {
    std::string element = "for=";
    const bool v6 = remote.find(':') != std::string_view::npos;
    element.append(v6 ? "\"[" : "").append(remote).append(v6 ? "]\"" : "").append(";proto=http");
    if (!host.empty()) {
        element.append(";host=\"").append(host).append("\"");
    }
    return element;
}

void append_trusted(std::string& out, const session::exchange& x, std::string_view remote) {
    const auto& fields = x.request.fields;
    const auto host = host_of(x);
    const auto kept = [&](std::string_view name, std::string_view otherwise) {
        const auto value = last_value(fields, name);
        put(out, name, value.empty() ? otherwise : value);
    };
    auto chain = joined(fields, "X-Forwarded-For");
    // The address that the nearest proxy saw is the last it added.
    std::string_view seen = remote;
    const auto last = chain.find_last_of(", ");
    const auto nearest = std::string_view(chain).substr(last == std::string::npos ? 0 : last + 1);
    boost::system::error_code ec;
    static_cast<void>(asio::ip::make_address(nearest, ec));
    if (!ec) {
        seen = nearest;
    }
    kept("X-Real-IP", seen);
    kept("X-Forwarded-Proto", "http");
    kept("X-Forwarded-Host", host);
    kept("X-Forwarded-Port", port_of(host));
    chain.append(chain.empty() ? "" : ", ").append(remote);
    put(out, "X-Forwarded-For", chain);
    auto forwarded = joined(fields, "Forwarded");
    if (!forwarded.empty()) {
        forwarded.append(", ").append(forwarded_element(remote, host));
        put(out, "Forwarded", forwarded);
    }
}

/// RFC 9110 §7.6.3. All of it as one field: some servers look at one line alone.
void append_via(std::string& out, const session::exchange& x, const upstream& app) {
    const auto& ours = app.pseudonym;
    if (ours.empty()) {
        return; // what the client sent passes as it is
    }
    out.append("Via: ");
    for (const auto& f : x.request.fields.items) {
        if (http::same_name(f.name, "via") && !f.value.empty() && http::is_field_value(f.value)) {
            out.append(f.value).append(", ");
        }
    }
    out.append(x.request.version < 11 ? "1.0 " : "1.1 ").append(ours).append(http::crlf);
}

/// True for what `append_forwarded_fields` writes anew.
bool is_forwarded_name(std::string_view name) {
    constexpr std::array<std::string_view, 6> names{"X-Forwarded-For",  "X-Forwarded-Proto", "X-Forwarded-Host",
                                                    "X-Forwarded-Port", "X-Real-IP",         "Forwarded"};
    return std::ranges::any_of(names, [name](std::string_view other) { return http::same_name_folded(name, other); });
}

/// Once a peer: a proxy that was forgotten in `trusted_proxies` is seen by nothing else but links and OAuth redirects
/// that are wrong, and users who cannot sign in.
void tell_of_untrusted_forwarder(const session::exchange& x, upstream& app, std::string_view remote) {
    if (app.forwarders == nullptr || app.last_forwarder == remote) {
        return;
    }
    const auto& identity = x.worker.settings->strip_request_headers;
    const bool forwards = std::ranges::any_of(x.request.fields.items, [&identity](const auto& f) {
        return is_forwarded_name(f.name) || http::is_one_of(identity, f.name);
    });
    if (!forwards) {
        return;
    }
    app.last_forwarder = remote;
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(app.last_forwarder, ec);
    if (ec || !app.forwarders->is_new(address)) {
        return;
    }
    const std::string line = x.worker.settings->trusted_proxies.empty()
                                 ? "trusted_proxies: [\"" + address.to_string() + "\"]"
                                 : address.to_string() + " to trusted_proxies";
    log::warn(
        "a peer that is not in trusted_proxies sends what is taken from those alone: X-Forwarded-Proto and its like "
        "are replaced, fields that name users are removed. If it is a proxy of yours, add it; else the app takes "
        "https for http, in links and OAuth redirects",
        {{"peer", remote}, {"add", line}});
}

bool starts_with_folded(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && http::same_name_folded(name.substr(0, prefix.size()), prefix);
}

/// Fields that say something about a body, a part of the answer or a state that the gate's question does not have.
bool only_for_the_request_itself(std::string_view name) {
    return http::same_name_folded(name, "range") || starts_with_folded(name, "if-") ||
           http::same_name_folded(name, "accept-encoding") || http::same_name_folded(name, "expect") ||
           starts_with_folded(name, "content-");
}

bool is_subrequest(carried_fields which) {
    return which == carried_fields::for_subrequest || which == carried_fields::for_preset_subrequest;
}

/// What browsers say of how and in what surroundings they fetch: fetch metadata, priorities, cache modes, client hints.
bool only_for_the_fetch(std::string_view name) {
    constexpr std::array<std::string_view, 17> names{
        "priority",       "cache-control", "pragma",      "dnt",
        "save-data",      "device-memory", "dpr",         "width",
        "viewport-width", "rtt",           "ect",         "downlink",
        "sec-gpc",        "purpose",       "sec-purpose", "upgrade-insecure-requests",
        "x-purpose"};
    const auto starts = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && http::same_name(name.substr(0, prefix.size()), prefix);
    };
    return starts("sec-fetch-") || starts("sec-ch-") ||
           std::ranges::any_of(names, [name](std::string_view other) { return http::same_name(name, other); });
}

} // namespace

void append_forwarded_fields(std::string& out, const session::exchange& x, upstream& app) {
    std::string_view remote = x.client.remote_address();
    if (remote.empty()) {
        remote = "unknown"; // it went before it was asked for
    }
    append_via(out, x, app);
    if (from_trusted_proxy(x)) {
        append_trusted(out, x, remote);
        return;
    }
    tell_of_untrusted_forwarder(x, app, remote);
    const auto host = host_of(x);
    put(out, "X-Forwarded-For", remote);
    put(out, "X-Forwarded-Proto", "http");
    put(out, "X-Forwarded-Host", host);
    put(out, "X-Forwarded-Port", port_of(host));
    put(out, "X-Real-IP", remote);
}

bool has_looped(const session::exchange& x, const upstream& app) {
    const auto& ours = app.pseudonym;
    return !ours.empty() && std::ranges::any_of(x.request.fields.items, [&ours](const auto& f) {
        return http::same_name(f.name, "via") && f.value.find(ours) != std::string_view::npos;
    });
}

void append_client_fields(std::string& out, const session::exchange& x, const upstream& app, carried_fields which) {
    const auto& identity = x.worker.settings->strip_request_headers;
    const bool trusted = (which != carried_fields::all || !identity.empty()) && from_trusted_proxy(x);
    const bool keeps_identity = identity.empty() || trusted;
    const http::hop_by_hop hop(x.request.fields, identity);
    const auto& objects = x.worker.settings->object_headers;
    for (const auto& f : x.request.fields.items) {
        if (http::same_name(f.name, "content-length") || hop.strips(f.name) || http::is_owned_name(f.name, objects)) {
            continue; // the first is written anew by whoever sends a body
        }
        if (!app.pseudonym.empty() && http::same_name(f.name, "via")) {
            continue; // append_via has it
        }
        const bool names_caller = http::is_one_of(identity, f.name); // whatever else its name looks like
        if (is_subrequest(which) && !names_caller && only_for_the_request_itself(f.name)) {
            continue;
        }
        if (which == carried_fields::for_preset_subrequest && !names_caller && only_for_the_fetch(f.name)) {
            continue;
        }
        if (which != carried_fields::all && (is_steering_name(f.name) || (!trusted && is_proxy_told_name(f.name)))) {
            continue;
        }
        if (which == carried_fields::without_range &&
            (http::same_name_folded(f.name, "range") || http::same_name_folded(f.name, "if-range"))) {
            continue;
        }
        if (x.request.version < 11 && http::same_name(f.name, "expect")) {
            continue; // RFC 9110 §10.1.1
        }
        if (!keeps_identity && names_caller) {
            continue;
        }
        put(out, f.name, f.value);
    }
    if (host_of(x).empty()) {
        put(out, "Host", x.worker.settings->app.address.authority()); // HTTP/1.0; the app wants one in 1.1
    }
}

namespace detail {

bool is_idempotent(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
    return std::ranges::find(methods, method) != methods.end();
}

std::string upgrade_protocols(const session::exchange& x) {
    std::string protocols;
    if (x.request.version < 11 || x.parser.has_body() || !x.request.fields.has_token("connection", "upgrade")) {
        return protocols;
    }
    for (const auto& f : x.request.fields.items) {
        if (!http::same_name(f.name, "upgrade")) {
            continue;
        }
        auto rest = f.value;
        while (auto member = http::next_list_member(rest)) {
            if (!http::same_name(*member, "h2c")) {
                protocols.append(protocols.empty() ? "" : ", ").append(*member);
            }
        }
    }
    return protocols;
}

void append_app_request_head(std::string& head, const session::exchange& x, upstream& app, std::string_view upgrade,
                             carried_fields which) {
    head.append(x.request.method).append(" ").append(x.target).append(" HTTP/1.1\r\n");
    append_client_fields(head, x, app, which);
    append_forwarded_fields(head, x, app);
    if (x.parser.body() == http::body_kind::chunked) {
        head.append("Transfer-Encoding: chunked\r\n");
    } else if (x.parser.body() == http::body_kind::length) {
        head.append("Content-Length: ").append(std::to_string(x.parser.content_length())).append(http::crlf);
    }
    if (!upgrade.empty()) {
        head.append("Connection: Upgrade\r\n");
        put(head, "Upgrade", upgrade);
    }
    head.append(http::crlf);
}

} // namespace detail
} // namespace sluice::relay
