#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/proxy/request_hosts.hpp>
#include <sluice/session/forwarded.hpp>

#include <algorithm>
#include <array>

namespace sluice::proxy {

namespace {

/// The host of `host[:port]`; "" where it cannot be told.
std::string host_of(std::string_view text) {
    text = trimmed(text);
    const auto end = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    const auto colon = text.find(':', end == std::string_view::npos ? 0 : end);
    auto host = text.substr(0, colon);
    // With a dot at its end the app may take it for another host, or for none that it knows.
    const bool good = !host.ends_with('.') && std::ranges::all_of(host, [](char c) {
        return is_alnum(c) || std::string_view("-_.:[]").find(c) != std::string_view::npos;
    });
    return good ? to_lower(host) : std::string();
}

/// Adds the `host` of each element of a Forwarded field (RFC 7239 §4).
void add_hosts_of_forwarded(std::string_view value, std::vector<std::string>& out) {
    while (!value.empty()) {
        const auto end = std::min(value.find_first_of(",;"), value.size()); // quoted hosts hold neither
        const auto pair = trimmed(value.substr(0, end));
        value.remove_prefix(std::min(end + 1, value.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || !http::same_name(trimmed(pair.substr(0, equals)), "host")) {
            continue;
        }
        auto text = trimmed(pair.substr(equals + 1));
        if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
            text = text.substr(1, text.size() - 2);
        }
        out.push_back(host_of(text));
    }
}

bool contains(const std::vector<std::string>& hosts, const std::string& host) {
    return !host.empty() && std::ranges::find(hosts, host) != hosts.end();
}

} // namespace

request_hosts hosts_of(const http::field_list& fields, peer_trust peer) {
    static constexpr std::array<std::string_view, 3> names{"X-Forwarded-Host", "X-Original-Host", "X-Host"};
    request_hosts out{host_of(fields.value("host"))};
    if (peer != peer_trust::trusted_proxy) {
        return out;
    }
    for (const auto& field : fields.items) {
        if (field.value.empty()) {
            continue;
        }
        if (std::ranges::any_of(names, [&field](auto name) { return http::same_name_folded(field.name, name); })) {
            out.forwarded.push_back(host_of(field.value));
        } else if (http::same_name(field.name, "forwarded")) {
            add_hosts_of_forwarded(field.value, out.forwarded);
        }
    }
    return out;
}

request_hosts hosts_of(const session::exchange& x) {
    const bool trusted = session::is_trusted(x.worker.settings->trusted_proxies, x.client.remote_address());
    return hosts_of(x.request.fields, trusted ? peer_trust::trusted_proxy : peer_trust::untrusted);
}

bool takes_hosts(const std::vector<std::string>& hosts, const request_hosts& came,
                 const std::vector<std::string>& others) {
    if (hosts.empty()) {
        return true;
    }
    if (!std::ranges::all_of(came.forwarded, [&hosts](const auto& host) { return contains(hosts, host); })) {
        return false;
    }
    return contains(hosts, came.host) || (!came.forwarded.empty() && !contains(others, came.host));
}

} // namespace sluice::proxy
