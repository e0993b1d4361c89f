#include <sluice/base/log.hpp>
#include <sluice/base/text.hpp>
#include <sluice/server/listener.hpp>

#include <boost/system/system_error.hpp>

#include <sys/socket.h>

#include <new>
#include <stdexcept>
#include <string>

namespace sluice::server {

namespace {

constexpr int backlog = 4096;
/// How long accepting pauses where the process or the system has no descriptor left.
constexpr auto retry_after = std::chrono::milliseconds(100);

bool out_of_descriptors(const boost::system::error_code& ec) {
    return ec == boost::system::errc::too_many_files_open || ec == boost::system::errc::too_many_files_open_in_system ||
           ec == boost::system::errc::no_buffer_space || ec == boost::system::errc::not_enough_memory;
}

/// Does not listen yet. Throws `system_error`.
tcp_acceptor bound(worker& w, const asio::ip::tcp::endpoint& where, address_use use) {
    tcp_acceptor acceptor(w.get_executor());
    acceptor.open(where.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true)); // past connections may still be in TIME_WAIT
    const int on = 1;
    if (use == address_use::shared &&
        setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
        throw boost::system::system_error(errno, boost::system::system_category(), "SO_REUSEPORT");
    }
    acceptor.bind(where);
    return acceptor;
}

std::runtime_error cannot_listen(const asio::ip::tcp::endpoint& where, const boost::system::error_code& why) {
    std::string text = "cannot listen on " + host_and_port(where.address().to_string(), where.port());
    if (why == boost::system::errc::address_in_use) {
        text += " (`ss -ltnp 'sport = :" + std::to_string(where.port()) +
                "'` names who does: another Sluice, the app itself?)";
    }
    return std::runtime_error(text + ": " + why.message()); // `what()` of theirs has where in Boost it was thrown
}

} // namespace

asio::ip::tcp::endpoint endpoint_of(const config::endpoint& e) {
    return {asio::ip::make_address(e.host), e.port};
}

tcp_acceptor open_listener(worker& w, const asio::ip::tcp::endpoint& where, address_use use) {
    try {
        auto acceptor = bound(w, where, use);
        acceptor.listen(backlog);
        acceptor.non_blocking(true);
        return acceptor;
    } catch (const boost::system::system_error& e) {
        throw cannot_listen(where, e.code());
    }
}

void expect_unused(worker& w, const asio::ip::tcp::endpoint& where) {
    try {
        const auto closed_at_once = bound(w, where, address_use::exclusive);
    } catch (const boost::system::system_error& e) {
        throw cannot_listen(where, e.code());
    }
}

awaitable<void> accept_loop(tcp_acceptor& acceptor, std::function<void(tcp_socket)> accepted,
                            std::function<bool()> make_room, const descriptor_reserve* reserve) {
    steady_timer timer(acceptor.get_executor());
    while (acceptor.is_open()) {
        // Where no descriptor is left, `accept` fails also where nobody is waiting, and nobody must make room for that.
        auto [ec] = co_await acceptor.async_wait(tcp_acceptor::wait_read, use_tuple);
        tcp_socket socket(acceptor.get_executor());
        if (!ec) {
            acceptor.accept(socket, ec);
        }
        if (reserve != nullptr && out_of_descriptors(ec)) {
            const descriptor_reserve::opening opened(*reserve);
            acceptor.accept(socket, ec);
        }
        bool no_memory = false;
        if (!ec) {
            try {
                accepted(std::move(socket));
            } catch (const std::bad_alloc&) { // the connection is lost, not those that come after it
                no_memory = true;
            }
        }
        if (no_memory || out_of_descriptors(ec)) {
            if (make_room()) {
                continue;
            }
            log::warn("cannot accept a connection: out of file descriptors or memory", {{"error", ec.message()}});
            timer.expires_after(retry_after);
            auto [ignored] = co_await timer.async_wait(use_tuple);
            (void)ignored;
        } else if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) {
            co_return;
        } // else: the connection was gone before it was accepted
    }
}

} // namespace sluice::server
