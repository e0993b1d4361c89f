#include <sluice/base/base64.hpp>
#include <sluice/config/address.hpp>
#include <sluice/config/text.hpp>
#include <sluice/net/proxy.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <array>
#include <cstdlib>

namespace sluice::net {
namespace {

/// More than any password: bounds what is encoded.
constexpr std::size_t max_length = 4096;

/// RFC 7617 §2: `Basic` and the base64 of user, colon, password.
result<secret> basic(const boost::urls::url_view& from) {
    const wiped_text user(from.user());
    const wiped_text password(from.password());
    if (user.text.find(':') != std::string::npos || config::has_control(user.text) ||
        config::has_control(password.text)) {
        return config::bad("has a user with a colon, or a user or password with a control character");
    }
    wiped_text pair;
    pair.text.reserve(user.text.size() + 1 + password.text.size());
    pair.text.append(user.text).append(":").append(password.text);
    constexpr std::string_view scheme = "Basic ";
    const wiped_text encoded(base64_encode(pair.text));
    wiped_text value;
    value.text.reserve(scheme.size() + encoded.text.size());
    value.text.append(scheme).append(encoded.text);
    return secret(value.text);
}

/// The first of `names` that is set and not empty, with its value.
std::pair<std::string_view, std::string> first_of(const proxy_settings::environment& variable,
                                                  const std::array<std::string_view, 2>& names) {
    for (const auto name : names) {
        auto value = variable(name);
        if (value && !value->empty()) {
            return {name, std::move(*value)};
        }
    }
    return {};
}

} // namespace

std::string http_proxy::authority() const {
    return host_and_port(host, port);
}

result<http_proxy> parse_proxy(std::string_view text) {
    if (text.size() > max_length) {
        return config::bad("is too long");
    }
    const wiped_text whole((text.find("://") == std::string_view::npos ? "http://" : "") + std::string(text));
    const auto parsed = boost::urls::parse_uri({whole.text.data(), whole.text.size()});
    if (!parsed || !parsed->has_authority()) {
        return config::bad("is not a URL as http://proxy.example:3128 (special characters of a user or password must "
                           "be percent-encoded)");
    }
    if (parsed->scheme_id() != boost::urls::scheme::http) {
        return config::bad("must be an http:// URL: proxies over https and SOCKS are not supported");
    }
    if (parsed->encoded_path() != "" && parsed->encoded_path() != "/") {
        return config::bad("must not have a path");
    }
    if (parsed->has_query() || parsed->has_fragment()) {
        return config::bad("must not have a query or a fragment");
    }
    const auto host_and_port = parsed->encoded_host_and_port();
    const auto server = config::parse_url("http://" + std::string(host_and_port.data(), host_and_port.size()));
    if (!server) {
        return server.error();
    }
    http_proxy p{server->host, server->port};
    if (parsed->has_userinfo() && !parsed->encoded_userinfo().empty()) {
        auto value = basic(*parsed);
        if (!value) {
            return value.error();
        }
        p.authorization = std::move(*value);
    }
    return p;
}

result<std::shared_ptr<const proxy_settings>> proxy_settings::read(const environment& variable) {
    auto [name, text] = first_of(variable, {"https_proxy", "HTTPS_PROXY"});
    if (name.empty()) {
        return std::shared_ptr<const proxy_settings>();
    }
    const wiped_text named(std::move(text));
    auto parsed = parse_proxy(named.text);
    if (!parsed) {
        auto e = parsed.error();
        e.detail = std::string(name) + " " + e.detail;
        return e;
    }
    const auto except = first_of(variable, {"no_proxy", "NO_PROXY"});
    return std::make_shared<const proxy_settings>(std::move(*parsed), no_proxy_list(except.second));
}

result<std::shared_ptr<const proxy_settings>> proxy_settings::from_process() {
    return read([](std::string_view name) -> std::optional<std::string> {
        const char* const value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    });
}

const http_proxy* proxy_settings::proxy_for(const peer& p) const {
    const bool wanted = p.tls && p.source != error_source::app && !except_.covers(p.host, p.port);
    return wanted ? &proxy_ : nullptr;
}

} // namespace sluice::net
