#pragma once

#include <sluice/base/worker.hpp>
#include <sluice/config/config.hpp>
#include <sluice/server/descriptors.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>

#include <cstdint>
#include <functional>

namespace sluice::server {

using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

/// Who else may listen at the same address.
enum class address_use : std::uint8_t {
    exclusive, ///< nobody
    shared     ///< this user's other sockets (SO_REUSEPORT), so that each worker has its own
};

/// Opens a listening socket. Throws `boost::system::system_error` (start-up) with the address in its text, and with who
/// to look for where somebody else listens there.
[[nodiscard]] tcp_acceptor open_listener(worker& w, const asio::ip::tcp::endpoint& where, address_use use);

/// Throws as above where somebody listens at `where`, though shared: else another process of this user, most likely
/// another Sluice, and this one would each get some of the connections. Before `open_listener` for any of the
/// addresses: of one port, they may overlap.
void expect_unused(worker& w, const asio::ip::tcp::endpoint& where);

/// The endpoint that a configured address names. Throws as above for what is no numeric address.
[[nodiscard]] asio::ip::tcp::endpoint endpoint_of(const config::endpoint& e);

/// Accepts until the acceptor is closed. Where descriptors run out it calls `make_room`, and where that frees none it
/// waits and tries again. `accepted` is called on the worker for each connection, and closes those that it does not
/// want. `make_room`: frees a descriptor; false where it cannot. `reserve`: what is used before that; null: nothing.
///
/// Completes when the acceptor was closed. `acceptor` and `reserve` must live until then.
awaitable<void> accept_loop(tcp_acceptor& acceptor, std::function<void(tcp_socket)> accepted,
                            std::function<bool()> make_room, const descriptor_reserve* reserve = nullptr);

} // namespace sluice::server
