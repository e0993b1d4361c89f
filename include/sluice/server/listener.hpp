#pragma once

#include <sluice/base/worker.hpp>
#include <sluice/config/config.hpp>
#include <sluice/server/descriptors.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>

#include <functional>

namespace sluice::server {

using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

/// Opens a listening socket with SO_REUSEPORT, so that each worker has its own. Throws `boost::system::system_error`
/// (start-up) with the address in its text.
[[nodiscard]] tcp_acceptor open_listener(worker& w, const asio::ip::tcp::endpoint& where);

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
