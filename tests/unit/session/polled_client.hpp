#pragma once

#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/tcp_connection.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace sluice::session {

/// An exchange whose client is the other end of a connection of this process. The loopback tells at once of what a side
/// does, and the time is the test's own.
struct polled_client {
    using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

    polled_client(worker& w, worker_context& context)
        : peer(w.context) {
        acceptor listening(w.context, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        peer.connect(listening.local_endpoint());
        tcp_socket accepted(w.context);
        listening.accept(accepted);
        client.emplace(std::move(accepted), w, std::chrono::milliseconds(1000));
        x.emplace(exchange{.worker = context, .client = *client, .request = head, .parser = parser, .target = "/"});
        x->body_read = true;
    }
    /// Leaves without a word.
    void reset() {
        peer.set_option(asio::socket_base::linger(true, 0));
        peer.close();
    }

    tcp_socket peer;
    std::optional<tcp_connection> client;
    http::request_head head;
    http::request_parser parser{8192};
    std::optional<exchange> x;
};

/// The worker of such clients.
struct polling_worker {
    explicit polling_worker(bool half_close = false) {
        auto settings = std::make_shared<config::config>();
        settings->app.half_close = half_close;
        context.emplace(worker_context{w, std::move(settings), counters});
    }
    /// What the worker's tick does at that time.
    void poll(std::chrono::milliseconds at) { context->poller.poll(steady_clock::time_point() + at); }

    worker w{0};
    metrics::metrics counters;
    std::optional<worker_context> context;
};

} // namespace sluice::session
