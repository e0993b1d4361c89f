#include <sluice/base/cidr_block.hpp>

namespace sluice {

namespace {

namespace ip = boost::asio::ip;

std::variant<ip::network_v4, ip::network_v6> network_of(const ip::address& address, unsigned prefix_length) {
    const auto bits = static_cast<unsigned short>(prefix_length);
    if (address.is_v4()) {
        return ip::network_v4(address.to_v4(), bits).canonical();
    }
    // Without its scope: a link-local client has that of the interface which it came by.
    return ip::network_v6(ip::address_v6(address.to_v6().to_bytes()), bits).canonical();
}

} // namespace

cidr_block::cidr_block(const ip::address& address, unsigned prefix_length)
    : network_(network_of(address, prefix_length)) {}

bool cidr_block::contains(const ip::address& address) const {
    if (address.is_v4() != std::holds_alternative<ip::network_v4>(network_)) {
        return false;
    }
    return network_of(address, prefix_length()) == network_;
}

ip::address cidr_block::address() const {
    return std::visit([](const auto& network) { return ip::address(network.address()); }, network_);
}

unsigned cidr_block::prefix_length() const noexcept {
    const auto* const v4 = std::get_if<ip::network_v4>(&network_);
    return v4 != nullptr ? v4->prefix_length() : std::get_if<ip::network_v6>(&network_)->prefix_length();
}

std::string cidr_block::to_string() const {
    return address().to_string() + "/" + std::to_string(prefix_length());
}

ip::address unmapped(const ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    }
    return address;
}

} // namespace sluice
