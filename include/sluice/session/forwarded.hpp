#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/config/config.hpp>
#include <sluice/http/head.hpp>

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <span>
#include <string_view>

/// Who a request comes from, where trusted proxies stand between. Pure.
namespace sluice::session {

/// Whether the address lies in one of the blocks. One of IPv4 that is written in IPv6 counts as what it is.
[[nodiscard]] bool is_trusted(std::span<const cidr_block> trusted, const asio::ip::address& address);
/// The same of an address as text; false for what is none.
[[nodiscard]] bool is_trusted(std::span<const cidr_block> trusted, std::string_view address);

/// The last address in X-Forwarded-For that is not trusted itself: whom the outermost trusted proxy saw. What stands
/// before it the client wrote. None where all are trusted, or where what stands there is no address.
[[nodiscard]] std::optional<asio::ip::address> forwarded_client(const http::field_list& fields,
                                                                std::span<const cidr_block> trusted);

} // namespace sluice::session
