#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <string>
#include <variant>

namespace sluice {

/// A block of IP addresses in CIDR notation (RFC 4632, RFC 4291 §2.3): `10.0.0.0/8`, `fd00::/8`.
class cidr_block {
public:
    /// The block of `prefix_length` bits that `address` lies in. `prefix_length` is at most 32 for IPv4, 128 for IPv6;
    /// else `std::out_of_range` is thrown.
    cidr_block(const boost::asio::ip::address& address, unsigned prefix_length);

    /// True where `address` lies in the block. Never for one of the other family: see `unmapped`.
    [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;

    /// The block's first address.
    [[nodiscard]] boost::asio::ip::address address() const;
    /// Leading bits that count.
    [[nodiscard]] unsigned prefix_length() const noexcept;
    /// As it is written: `fd00::/8`.
    [[nodiscard]] std::string to_string() const;

private:
    std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6> network_; ///< canonical
};

/// An IPv4 address that is written as an IPv6 one (`::ffff:10.0.0.1`, RFC 4291 §2.5.5.2) as the IPv4 address that it
/// is; every other as it is.
[[nodiscard]] boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

} // namespace sluice
