#include <sluice/config/address.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/units.hpp>

#include <algorithm>

namespace sluice::config {

namespace {

bool is_remote_plain(const store& s) {
    return s.endpoint && !s.endpoint->tls && !is_loopback(*s.endpoint);
}

void warn_of_store(const store& s, std::vector<std::string>& lines) {
    // A bearer token over plain http is an error; a signed URL is good for one object and a limited time.
    if (is_remote_plain(s) && !s.anonymous) {
        lines.push_back("store \"" + s.name +
                        "\" is accessed over plain HTTP: anyone on the network path can use its signed URLs");
    }
}

/// A request has `fallback.after` for its first byte; what is late only then is the app's to answer.
void warn_of_late_hedge(const config& c, const store& s, std::vector<std::string>& lines) {
    if (s.hedge_after.count() > 0 && s.hedge_after >= c.fallback.after) {
        lines.push_back("store \"" + s.name + "\" has hedge_after " + format_duration(s.hedge_after) +
                        ", which is not less than fallback.after (" + format_duration(c.fallback.after) +
                        "): no second request is sent for a response that has not begun; lower hedge_after, or raise "
                        "fallback.after");
    }
}

/// With an `owner` cached objects survive a change of the access key id.
void hint_at_owner(const store& s, std::vector<std::string>& lines) {
    if (!s.endpoint || s.anonymous || s.owner || s.kind == nullptr) {
        return;
    }
    if (!s.kind->is_clouds_own(*s.endpoint) && s.kind->is_owned_by_key_id(s)) {
        lines.push_back("store \"" + s.name +
                        "\" has no owner: what is cached of it belongs to its access key id, and is not used with "
                        "another one; to keep it through later changes of the key id, write \"owner: " +
                        s.name + "\" below \"stores." + s.name + "\", which once begins with an empty cache");
    }
}

void warn_of_redirect(const config& c, const route& r, std::vector<std::string>& lines) {
    const auto found = c.stores.find(r.store);
    if (found == c.stores.end() || is_local(found->second)) {
        return;
    }
    const auto& s = found->second;
    if (s.endpoint && is_loopback(*s.endpoint)) {
        lines.push_back("route \"" + r.name + "\" redirects to store \"" + s.name +
                        "\", whose endpoint is loopback: clients elsewhere cannot follow");
    }
    if (s.anonymous && !std::holds_alternative<authorize_none>(r.authorize)) {
        lines.push_back("route \"" + r.name + "\" redirects to store \"" + s.name +
                        "\", which is anonymous: the URL works for anyone and never expires");
    }
}

} // namespace

std::vector<std::string> warnings(const config& c) {
    std::vector<std::string> lines;
    for (const auto& [name, s] : c.stores) {
        warn_of_store(s, lines);
        warn_of_late_hedge(c, s, lines);
    }
    if (c.trusted_proxies.empty() && !c.strip_request_headers.empty()) {
        std::string names;
        for (const auto& name : c.strip_request_headers) {
            names.append(names.empty() ? "" : ", ").append(name);
        }
        lines.push_back("trusted_proxies is empty, so the fields that name users to the app are removed from every "
                        "request: " +
                        names + "; name the proxy that sets them");
    }
    for (const auto& each : c.routes) {
        if (each.delivery == delivery::redirect) {
            warn_of_redirect(c, each, lines);
        }
    }
    return lines;
}

std::vector<std::string> hints(const config& c) {
    std::vector<std::string> lines;
    if (c.trusted_proxies.empty()) {
        lines.emplace_back(
            "trusted_proxies is empty: if TLS ends at a proxy in front of this one, name its address there, "
            "as in \"trusted_proxies: [10.0.0.0/8]\"; else the app takes https for http, in links and "
            "OAuth redirects");
    }
    for (const auto& [name, s] : c.stores) {
        if (!c.cache.directory.empty()) {
            hint_at_owner(s, lines);
        }
    }
    return lines;
}

} // namespace sluice::config
