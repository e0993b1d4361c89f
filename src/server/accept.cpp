#include <sluice/base/log.hpp>
#include <sluice/base/text.hpp>
#include <sluice/server/admin.hpp>
#include <sluice/session/forwarded.hpp>

#include "server_process.hpp"

#include <string>
#include <utility>

/// From a listening socket to a connection that is served.
namespace sluice::server {

void server_process::open_listeners() {
    for (const auto& configured : settings_->listeners) {
        expect_unused(first().self, endpoint_of(configured.address));
    }
    for (const auto& configured : settings_->listeners) {
        auto where = endpoint_of(configured.address);
        for (auto& w : workers_) {
            w->acceptors.push_back(open_listener(w->self, where, address_use::shared));
            where = w->acceptors.back().local_endpoint(); // port 0: the others share the one that the system chose
        }
        const std::string address = host_and_port(where.address().to_string(), where.port());
        log::info("listening", {{"side", "client"}, {"address", address}});
    }
}

void server_process::open_admin_listener() {
    auto& w = first();
    admin_ = std::make_unique<tcp_acceptor>(
        open_listener(w.self, endpoint_of(settings_->admin.address), address_use::exclusive));
    const auto where = admin_->local_endpoint();
    const std::string address = host_and_port(where.address().to_string(), where.port());
    auto accepted = [this, &w](tcp_socket socket) {
        admit_admin(std::move(socket), {w.self, settings_, counters_, setup_, cache_, [this] { refresh_gauges(); },
                                        admin_sockets_, admin_waiting_, draining_});
    };
    auto make_room = [this] { return admin_waiting_.close_oldest(); };
    w.self.tasks.spawn(accept_loop(*admin_, std::move(accepted), std::move(make_room), &*admin_reserve_));
    log::info("listening", {{"side", "admin"}, {"address", address}});
}

void server_process::start_accepting() {
    for (auto& w : workers_) {
        for (auto& acceptor : w->acceptors) {
            w->self.tasks.spawn(accept_loop(
                acceptor, [this, &w = *w](tcp_socket s) { on_connection(w, std::move(s)); },
                [this, &w = *w] { return close_idle(w); }));
        }
    }
}

/// Counts the connection, in all and of its client, as long as its frame exists, whether it ever ran or not.
awaitable<void> server_process::counted_connection(worker_state& w, tcp_socket socket, admission as,
                                                   client_table::place place, scoped_count<unsigned> slot) {
    const client_table::place held_place(std::move(place));
    const scoped_count<unsigned> held_slot(std::move(slot));
    const connection_services services{w.context, w.phases, w.log, w.open, w.idle, clients_, draining_};
    co_await serve_connection(std::move(socket), services, as);
}

/// Makes room for a newer connection, as nginx does.
bool server_process::close_idle(worker_state& w) {
    const bool closed = w.idle.close_oldest();
    if (closed) {
        counters_.client_closed->at("idle").Increment();
    }
    return closed;
}

admission server_process::admit(const tcp_socket& socket, client_table::place& place) {
    boost::system::error_code ec;
    const auto from = clients_.limits() ? socket.remote_endpoint(ec) : asio::ip::tcp::endpoint();
    if (!clients_.limits() || ec) {
        return admission::served;
    }
    if (session::is_trusted(settings_->trusted_proxies, from.address())) {
        return admission::trusted;
    }
    place = clients_.enter(from.address());
    if (!place) {
        counters_.client_closed->at("per_client").Increment();
        return admission::refused;
    }
    return admission::served;
}

void server_process::on_connection(worker_state& w, tcp_socket socket) {
    if (admin_reserve_->is_reserved(socket.native_handle())) {
        counters_.client_closed->at("limit").Increment();
        return; // its descriptor is of those reserved for the admin listener: an `opening` lifted the reserve just then
    }
    scoped_count<unsigned> slot(connections_);
    if (slot.before() >= settings_->limits.connections && !close_idle(w)) {
        counters_.client_closed->at("limit").Increment();
        return; // closed with the socket: better than a queue that nobody serves
    }
    client_table::place place;
    const auto as = admit(socket, place);
    w.self.tasks.spawn(counted_connection(w, std::move(socket), as, std::move(place), std::move(slot)));
}

} // namespace sluice::server
