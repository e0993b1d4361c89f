#include <sluice/http/fields.hpp>
#include <sluice/session/forwarded.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace sluice::session {

namespace {

/// Of an IPv6 address with a scope.
constexpr std::size_t max_address = 63;

std::optional<asio::ip::address> address_of(std::string_view text) {
    std::array<char, max_address + 1> terminated{}; // inet_pton wants that
    if (text.size() > max_address) {
        return std::nullopt;
    }
    std::ranges::copy(text, terminated.begin());
    boost::system::error_code ec;
    auto address = asio::ip::make_address(terminated.data(), ec);
    if (ec) {
        return std::nullopt;
    }
    return unmapped(address);
}

/// An element of X-Forwarded-For: some proxies add the port, and brackets for IPv6.
std::optional<asio::ip::address> node_address(std::string_view text) {
    if (text.starts_with('[')) {
        return address_of(text.substr(1, text.find(']') - 1));
    }
    const auto colon = text.find(':');
    const bool has_port = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
    return address_of(has_port ? text.substr(0, colon) : text);
}

} // namespace

bool is_trusted(std::span<const cidr_block> trusted, const asio::ip::address& address) {
    const auto as_sent = unmapped(address); // a listener on [::] sees IPv4 peers as mapped
    return std::ranges::any_of(trusted, [&](const cidr_block& block) { return block.contains(as_sent); });
}

bool is_trusted(std::span<const cidr_block> trusted, std::string_view address) {
    if (trusted.empty()) {
        return false;
    }
    const auto read = address_of(address);
    return read && is_trusted(trusted, *read);
}

std::optional<asio::ip::address> forwarded_client(const http::field_list& fields, std::span<const cidr_block> trusted) {
    for (auto f = fields.items.rbegin(); f != fields.items.rend(); ++f) {
        if (!http::same_name(f->name, "X-Forwarded-For")) {
            continue;
        }
        std::string_view rest = f->value;
        while (!rest.empty()) {
            const auto comma = rest.rfind(',');
            auto element = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
            rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(0, comma);
            element.remove_prefix(std::min(element.find_first_not_of(" \t"), element.size()));
            element = element.substr(0, element.find_last_not_of(" \t") + 1);
            if (element.empty()) {
                continue; // RFC 9110 §5.6.1.2
            }
            const auto address = node_address(element);
            if (!address || !is_trusted(trusted, *address)) {
                return address;
            }
        }
    }
    return std::nullopt;
}

void append_address(std::string& out, const asio::ip::address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        ::inet_ntop(AF_INET, bytes.data(), text.data(), text.size());
    } else {
        const auto bytes = address.to_v6().to_bytes();
        ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    }
    out += text.data();
}

} // namespace sluice::session
