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

/// A field whose value was checked when the head was parsed; one that cannot be written is left out.
void put(std::string& out, std::string_view name, std::string_view value) {
    static_cast<void>(http::append_field(out, name, value));
}

/// True for what `append_forwarded_fields` writes anew.
bool is_forwarded_name(std::string_view name) {
    constexpr std::array<std::string_view, 6> names{"X-Forwarded-For",  "X-Forwarded-Proto", "X-Forwarded-Host",
                                                    "X-Forwarded-Port", "X-Real-IP",         "Forwarded"};
    return std::ranges::any_of(names, [name](std::string_view other) { return http::same_name_folded(name, other); });
}

/// Logs a peer once that forwards without being trusted. A proxy that was forgotten in `trusted_proxies` shows by
/// nothing else but wrong links and OAuth redirects, and users who cannot sign in.
void log_untrusted_forwarder(const session::exchange& x, upstream& app, std::string_view remote) {
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
        "a peer that is not in trusted_proxies sends X-Forwarded-* or identity fields: the former are replaced, the "
        "latter removed. If it is a proxy of yours, add it to trusted_proxies; else the app takes https for http, in "
        "links and OAuth redirects (logged once for each peer)",
        {{"peer", remote}, {"add", line}});
}

bool starts_with_folded(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && http::same_name_folded(name.substr(0, prefix.size()), prefix);
}

/// Fields about a body, a part of the response or a state that the subrequest does not have.
bool is_of_the_request_itself(std::string_view name) {
    return http::same_name_folded(name, "range") || starts_with_folded(name, "if-") ||
           http::same_name_folded(name, "accept-encoding") || http::same_name_folded(name, "expect") ||
           starts_with_folded(name, "content-");
}

/// What browsers say of how and in what surroundings they fetch: fetch metadata, priorities, cache modes, client hints.
bool is_of_the_fetch(std::string_view name) {
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
        remote = "unknown"; // it left before it was asked for
    }
    const bool trusted = from_trusted_proxy(x);
    if (!trusted) {
        log_untrusted_forwarder(x, app, remote);
    }
    append_forwarded_fields(out, forwarded_by{x.request, remote, trusted, app.pseudonym});
}

client_field_filter::client_field_filter(const http::request_head& request, const field_rules& rules,
                                         carried_fields which)
    : request_(request)
    , rules_(rules)
    , which_(which)
    , hop_(request.fields, rules.identity_fields) {}

bool client_field_filter::carries(std::string_view name) const {
    if (http::same_name(name, "content-length") || hop_.strips(name) ||
        http::is_owned_name(name, rules_.object_headers)) {
        return false; // the first is written anew by whoever sends a body
    }
    if (rules_.writes_via && http::same_name(name, "via")) {
        return false;
    }
    if (request_.version < 11 && http::same_name(name, "expect")) {
        return false; // RFC 9110 §10.1.1
    }
    const bool names_caller = http::is_one_of(rules_.identity_fields, name); // whatever else the name looks like
    if (names_caller && !rules_.is_trusted) {
        return false;
    }
    if (which_ == carried_fields::all) {
        return true;
    }
    if (is_steering_name(name) || (!rules_.is_trusted && is_proxy_supplied_name(name))) {
        return false;
    }
    if (names_caller || which_ == carried_fields::not_steering) {
        return true;
    }
    return !is_of_the_request_itself(name) && (which_ == carried_fields::for_subrequest || !is_of_the_fetch(name));
}

void append_client_fields(std::string& out, const session::exchange& x, const upstream& app, carried_fields which) {
    const auto& settings = *x.worker.settings;
    const auto& identity = settings.strip_request_headers;
    const bool matters = which != carried_fields::all || !identity.empty(); // else nothing depends on the peer
    const field_rules rules{identity, settings.object_headers, matters && from_trusted_proxy(x),
                            !app.pseudonym.empty()};
    const client_field_filter filter(x.request, rules, which);
    for (const auto& f : x.request.fields.items) {
        if (filter.carries(f.name)) {
            put(out, f.name, f.value);
        }
    }
    if (x.request.fields.value("host").empty()) {
        put(out, "Host", settings.app.address.authority()); // HTTP/1.0; the app wants one in 1.1
    }
}

std::string upgrade_protocols(const http::request_head& request, bool has_body) {
    std::string protocols;
    if (request.version < 11 || has_body || !request.fields.has_token("connection", "upgrade")) {
        return protocols;
    }
    for (const auto& f : request.fields.items) {
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

namespace detail {

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
