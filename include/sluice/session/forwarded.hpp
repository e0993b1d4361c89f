#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/config/config.hpp>
#include <sluice/http/head.hpp>

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Who a request comes from, where trusted proxies stand between. Pure.
namespace sluice::session {

/// Whether the address lies in one of the blocks. An IPv4 address that is mapped into IPv6 counts as IPv4.
[[nodiscard]] bool is_trusted(std::span<const cidr_block> trusted, const asio::ip::address& address);
/// The same of an address as text; false where it is not one.
[[nodiscard]] bool is_trusted(std::span<const cidr_block> trusted, std::string_view address);

/// The last address in X-Forwarded-For that is not trusted itself: the client as the outermost trusted proxy saw it.
/// Whatever stands before it was written by that client. Nullopt where all are trusted, or where that element is not an
/// address.
[[nodiscard]] std::optional<asio::ip::address> forwarded_client(const http::field_list& fields,
                                                                std::span<const cidr_block> trusted);

/// Appends the address as text. No scope of a link-local one: it means something on its own host only.
void append_address(std::string& out, const asio::ip::address& address);

} // namespace sluice::session
