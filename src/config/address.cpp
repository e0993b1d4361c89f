#include <sluice/config/address.hpp>
#include <sluice/config/text.hpp>
#include <sluice/config/units.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <string>

namespace sluice::config {

namespace {

/// A numeric address in network byte order.
struct address {
    bool v6{false};
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] bool any() const {
        return std::ranges::all_of(bytes, [](std::uint8_t b) { return b == 0; });
    }
    [[nodiscard]] bool loopback() const {
        if (!v6) {
            return bytes[0] == 127;
        }
        return bytes[15] == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; });
    }
    /// An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) as the IPv4 address; any other as it is.
    [[nodiscard]] address unmapped() const {
        constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
        if (!v6 || !std::equal(mapped.begin(), mapped.end(), bytes.begin())) {
            return *this;
        }
        address v4;
        std::copy(bytes.begin() + mapped.size(), bytes.end(), v4.bytes.begin());
        return v4;
    }
    [[nodiscard]] std::string text() const {
        std::array<char, INET6_ADDRSTRLEN> out{};
        inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), out.data(), static_cast<socklen_t>(out.size()));
        return out.data();
    }
    friend bool operator==(const address&, const address&) = default;
};

std::optional<address> parse_address(std::string_view text) {
    const std::string name(text); // inet_pton wants a terminator
    if (name.find('\0') != std::string::npos) {
        return std::nullopt;
    }
    address a;
    if (inet_pton(AF_INET, name.c_str(), a.bytes.data()) == 1) {
        return a;
    }
    a.v6 = true;
    if (inet_pton(AF_INET6, name.c_str(), a.bytes.data()) == 1) {
        return a;
    }
    return std::nullopt;
}

/// `localhost` and what is below it: loopback, whatever a name server says (RFC 6761 §6.3).
bool is_localhost(std::string_view host) {
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return host == "localhost" || host.ends_with(".localhost");
}

bool is_host_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
           host.find("..") == std::string_view::npos && std::ranges::all_of(host, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
           });
}

/// A path as `parse_base_url` allows it, without "/" at its end; nullopt for any other.
std::optional<std::string> plain_path(std::string_view path) {
    if (!path.empty() && path.front() != '/') {
        return std::nullopt;
    }
    if (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    for (std::size_t from = 0; from < path.size();) { // each segment begins with its "/"
        const auto to = std::min(path.find('/', from + 1), path.size());
        const auto segment = path.substr(from + 1, to - from - 1);
        const bool plain = std::ranges::all_of(segment, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                   c == '_' || c == '~';
        });
        if (!plain || segment.empty() || segment == "." || segment == "..") {
            return std::nullopt;
        }
        from = to;
    }
    return std::string(path);
}

/// All of a URL but its path.
result<url> parse_base(const boost::urls::url_view& view) {
    if (view.scheme_id() != boost::urls::scheme::http && view.scheme_id() != boost::urls::scheme::https) {
        return bad("must be an http or https URL");
    }
    if (view.has_userinfo()) {
        return bad("must not hold a user or a password");
    }
    if (view.has_query() || view.has_fragment()) {
        return bad("must not have a query or a fragment");
    }
    url u;
    u.tls = view.scheme_id() == boost::urls::scheme::https;
    u.host = to_lower(std::string(view.encoded_host_address())); // escapes are refused below
    switch (view.host_type()) {
    case boost::urls::host_type::ipv4:
    case boost::urls::host_type::ipv6:
        if (const auto numeric = parse_address(u.host)) {
            u.host = numeric->text();
            break;
        }
        return bad("has a bad host"); // as with an IPv6 zone
    case boost::urls::host_type::name:
        // A last label of digits only would be read as an IPv4 address by some and as a name by others (WHATWG URL).
        if (is_host_name(u.host) &&
            (u.host.back() < '0' || u.host.back() > '9' ||
             u.host.find_first_not_of("0123456789.", u.host.rfind('.') + 1) != std::string::npos)) {
            break;
        }
        return bad("has a bad host");
    default:
        return bad("has a bad host");
    }
    u.port = u.tls ? 443 : 80;
    if (view.has_port()) {
        const auto port = parse_number(std::string(view.port())); // port_number() of Boost 1.81 wraps around
        if (!port || *port == 0 || *port > 65535) {
            return bad("has a bad port");
        }
        u.port = static_cast<std::uint16_t>(*port);
    }
    return u;
}

} // namespace

std::string url::authority() const {
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (tls ? 443 : 80)) {
        text.append(":").append(std::to_string(port));
    }
    return text;
}

std::string url::text() const {
    return (tls ? "https://" : "http://") + authority() + path;
}

result<endpoint> parse_endpoint(std::string_view text) {
    constexpr auto wanted = "must be a numeric address and a port, as in 0.0.0.0:8080 or [::]:8080";
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return bad(wanted);
    }
    auto host = text.substr(0, colon);
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets) {
        host = host.substr(1, host.size() - 2);
    }
    const auto numeric = parse_address(host);
    const auto port = parse_number(text.substr(colon + 1));
    if (!numeric || numeric->v6 != brackets || !port) {
        return bad(wanted);
    }
    if (*port > 65535) {
        return bad("has a port above 65535");
    }
    return endpoint{numeric->text(), static_cast<std::uint16_t>(*port)};
}

result<url> parse_base_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed || !parsed->has_authority()) {
        return bad("is not an absolute URL, as in http://127.0.0.1:3000");
    }
    auto base = parse_base(*parsed);
    if (base) {
        auto path = plain_path(std::string_view(parsed->encoded_path()));
        if (!path) {
            return bad("has a path with more than plain segments");
        }
        base->path = std::move(*path);
    }
    return base;
}

result<url> parse_url(std::string_view text) {
    auto base = parse_base_url(text);
    if (base && !base->path.empty()) {
        return bad("must not have a path");
    }
    return base;
}

bool is_numeric_host(const url& base) {
    return parse_address(base.host).has_value();
}

bool is_loopback(const url& base) {
    const auto numeric = parse_address(base.host);
    return numeric ? numeric->loopback() : base.host == "localhost";
}

result<cidr_block> parse_cidr(std::string_view text) {
    const auto slash = text.find('/');
    const auto numeric = parse_address(text.substr(0, slash));
    if (!numeric) {
        return bad("must be an address block as in 10.0.0.0/8 or fd00::/8");
    }
    unsigned prefix = numeric->v6 ? 128U : 32U;
    if (slash != std::string_view::npos) {
        const auto bits = parse_number(text.substr(slash + 1));
        if (!bits || *bits > prefix) {
            return bad("has a bad prefix length");
        }
        prefix = static_cast<unsigned>(*bits);
    }
    const auto address = boost::asio::ip::make_address(numeric->text());
    cidr_block block(address, prefix);
    if (block.address() != address) {
        return bad("has bits set beyond its prefix length");
    }
    return block;
}

bool collide(const endpoint& a, const endpoint& b) {
    auto x = parse_address(a.host);
    auto y = parse_address(b.host);
    if (a.port == 0 || a.port != b.port || !x || !y) {
        return false;
    }
    x = x->unmapped();
    y = y->unmapped();
    const auto covers = [](const address& wide, const address& narrow) {
        return wide.any() && (wide.v6 || !narrow.v6);
    };
    return *x == *y || covers(*x, *y) || covers(*y, *x);
}

bool leads_to(const url& target, const endpoint& at, std::span<const std::string> own) {
    const auto written = parse_address(at.host);
    if (at.port == 0 || target.port != at.port || !written) {
        return false;
    }
    const auto here = written->unmapped();
    if (is_localhost(target.host)) {
        return here.any() || here.loopback();
    }
    const auto numeric = parse_address(target.host);
    if (!numeric) {
        return false;
    }
    const auto there = numeric->unmapped();
    if (there == here) {
        return true;
    }
    if (there.any() && !here.any()) { // the system connects to loopback instead: 127.0.0.1 or ::1
        const auto instead = parse_address(there.v6 ? "::1" : "127.0.0.1");
        return here == *instead;
    }
    const bool is_ours = there.any() || there.loopback() || std::ranges::any_of(own, [&there](const std::string& text) {
                             const auto each = parse_address(text);
                             return each && each->unmapped() == there;
                         });
    return is_ours && here.any() && (here.v6 || !there.v6);
}

} // namespace sluice::config
