#include <sluice/base/asio.hpp>
#include <sluice/base/text.hpp>
#include <sluice/config/units.hpp>
#include <sluice/net/proxy.hpp>

#include <algorithm>

namespace sluice::net {
namespace {

constexpr std::string_view separators = ", \t";

/// An item taken apart; port 0: any.
struct host_port {
    std::string_view host;
    std::uint16_t port{0};
};

/// `host`, `host:port`, `[v6]`, `[v6]:port` or a bare v6; nullopt for a bad port.
std::optional<host_port> split(std::string_view item) {
    std::string_view host = item;
    std::string_view port;
    if (item.starts_with('[')) {
        const auto end = item.find(']');
        if (end == std::string_view::npos || (end + 1 != item.size() && item[end + 1] != ':')) {
            return std::nullopt;
        }
        host = item.substr(1, end - 1);
        port = end + 1 == item.size() ? std::string_view() : item.substr(end + 2);
    } else if (std::ranges::count(item, ':') == 1) {
        host = item.substr(0, item.find(':'));
        port = item.substr(item.find(':') + 1);
    }
    if (port.empty()) {
        return host_port{host, 0};
    }
    const auto number = config::parse_number(port);
    if (!number || *number == 0 || *number > 65535) {
        return std::nullopt;
    }
    return host_port{host, static_cast<std::uint16_t>(*number)};
}

/// The address that `text` is; an IPv4 one that is written as IPv6 (RFC 4291 §2.5.5.2) is the IPv4 one.
std::optional<asio::ip::address> numeric(std::string_view text) {
    boost::system::error_code ec;
    const auto found = asio::ip::make_address(text, ec);
    if (ec) {
        return std::nullopt;
    }
    return unmapped(found);
}

std::string_view without_last_dot(std::string_view name) {
    return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

} // namespace

no_proxy_list::no_proxy_list(std::string_view text) {
    const std::string lower = to_lower(text);
    std::string_view rest = lower;
    for (;;) {
        const auto begin = rest.find_first_not_of(separators);
        if (begin == std::string_view::npos) {
            return;
        }
        const auto end = std::min(rest.find_first_of(separators, begin), rest.size());
        add(rest.substr(begin, end - begin));
        rest.remove_prefix(end);
    }
}

void no_proxy_list::add(std::string_view item) {
    if (item == "*") {
        everything_ = true;
        return;
    }
    const auto slash = item.find('/');
    if (slash != std::string_view::npos) {
        const auto base = numeric(item.substr(0, slash));
        const auto bits = config::parse_number(item.substr(slash + 1));
        if (base && bits && *bits <= (base->is_v4() ? 32U : 128U)) {
            blocks_.push_back({{*base, static_cast<unsigned>(*bits)}, 0});
        }
        return;
    }
    const auto where = split(item);
    if (!where) {
        return;
    }
    if (const auto address = numeric(where->host)) {
        blocks_.push_back({{*address, address->is_v4() ? 32U : 128U}, where->port});
        return;
    }
    auto host = where->host;
    if (host.starts_with("*.")) {
        host.remove_prefix(1);
    }
    const bool itself = !host.starts_with('.');
    host = without_last_dot(itself ? host : host.substr(1));
    if (!host.empty()) {
        names_.push_back({std::string(host), itself, where->port});
    }
}

bool no_proxy_list::covers(std::string_view host, std::uint16_t port) const {
    if (everything_) {
        return true;
    }
    if (const auto address = numeric(host)) {
        return address->is_loopback() || std::ranges::any_of(blocks_, [&](const block& b) {
                   return (b.port == 0 || b.port == port) && b.addresses.contains(*address);
               });
    }
    const std::string lower = to_lower(without_last_dot(host));
    return lower == "localhost" || std::ranges::any_of(names_, [&](const name& n) {
               if ((n.port != 0 && n.port != port) || !lower.ends_with(n.text)) {
                   return false;
               }
               const auto before = lower.size() - n.text.size();
               return before == 0 ? n.itself : lower[before - 1] == '.'; // whole labels only
           });
}

} // namespace sluice::net
