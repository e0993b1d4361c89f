#include <sluice/http/head.hpp>
#include <sluice/http/target.hpp>
#include <sluice/proxy/location.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace sluice::proxy {

namespace {

namespace urls = boost::urls;

/// A longer one names nothing that any client asks for.
constexpr std::size_t max_location = 16UL * 1024;

/// A default port is as good as none.
std::string_view port_of(std::string_view port) {
    return port == "80" || port == "443" ? std::string_view() : port;
}

bool is_host(const urls::authority_view& named, std::string_view host) {
    const auto own = urls::parse_authority({host.data(), host.size()});
    return !host.empty() && own.has_value() && http::same_name(named.encoded_host(), own->encoded_host()) &&
           port_of(named.port()) == port_of(own->port());
}

/// Against the target's path, where it is relative (RFC 3986 §5.2).
std::optional<std::string> resolved(const urls::url_view& reference, std::string_view target) {
    const auto path = http::split_target(target).path;
    if (reference.encoded_path().empty()) {
        return std::string(path); // only a query or a fragment of it
    }
    const std::string origin = "http://host" + std::string(path.starts_with('/') ? path : "/");
    const auto base = urls::parse_uri(origin); // a view of it
    urls::url whole;
    if (!base || !urls::resolve(*base, reference, whole)) {
        return std::nullopt;
    }
    return std::string(whole.encoded_target());
}

} // namespace

std::optional<std::string> own_target(std::string_view location, std::span<const std::string_view> hosts,
                                      std::string_view target) {
    if (location.empty() || location.size() > max_location) {
        return std::nullopt;
    }
    const auto parsed = urls::parse_uri_reference({location.data(), location.size()});
    if (!parsed) {
        return std::nullopt;
    }
    const urls::url_view& reference = *parsed;
    if (reference.has_scheme() && reference.scheme_id() != urls::scheme::http &&
        reference.scheme_id() != urls::scheme::https) {
        return std::nullopt;
    }
    if (!reference.has_authority()) {
        return reference.has_scheme() ? std::nullopt : resolved(reference, target);
    }
    const auto authority = reference.authority();
    if (std::ranges::none_of(hosts, [&](std::string_view host) { return is_host(authority, host); })) {
        return std::nullopt;
    }
    const std::string named(reference.encoded_target());
    if (!reference.encoded_path().empty() && !named.starts_with('/')) {
        return std::nullopt; // the parser lets a port end anywhere
    }
    return named.starts_with('/') ? named : "/" + named;
}

} // namespace sluice::proxy
