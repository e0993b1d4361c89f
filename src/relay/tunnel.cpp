#include <sluice/base/async_event.hpp>
#include <sluice/net/body_buffer.hpp>
#include <sluice/relay/tunnel.hpp>
#include <sluice/session/exchange.hpp>

#include <exception>

namespace sluice::relay {
namespace {

/// What both directions share; lives in the frame of `tunnel`, which waits for both.
struct tunnel_state {
    session::exchange& x;
    net::connection& app;
    std::shared_ptr<async_event> upload_ended;
    bool upload_running{true};

    /// Bytes moved: the idle time begins anew on both sides.
    void restart_idle_time() {
        x.client.refresh_timer();
        app.timer().expires_after(x.worker.settings->limits.tunnel_timeout);
    }
    void close_both() {
        x.client.close();
        app.close();
    }
};

/// Client → app, until the client ends its direction or either side is lost.
awaitable<void> client_to_app(tunnel_state& t) {
    net::body_buffer bytes;
    bool filled = false;
    for (;;) {
        if (!filled) {
            bytes.release(); // thousands of silent tunnels hold no buffers
            auto ready = co_await t.x.client.wait_readable();
            if (!ready) {
                t.close_both();
                co_return;
            }
        }
        bytes.allocate();
        auto n = co_await t.x.client.read_some(asio::buffer(bytes.data(), net::body_buffer::size));
        if (!n) {
            if (t.x.client.eof()) {
                co_await t.app.shutdown_send();
            } else {
                t.close_both();
            }
            co_return;
        }
        filled = *n == net::body_buffer::size;
        t.restart_idle_time();
        const std::string_view moving(bytes.data(), *n);
        auto written = co_await t.app.write(moving);
        if (!written) {
            t.close_both();
            co_return;
        }
        t.restart_idle_time();
    }
}

/// App → client, the same.
awaitable<void> app_to_client(tunnel_state& t) {
    net::body_buffer bytes;
    bool filled = false;
    for (;;) {
        if (!filled) {
            bytes.release();
            auto ready = co_await t.app.wait_readable();
            if (!ready) {
                t.close_both();
                co_return;
            }
        }
        bytes.allocate();
        auto n = co_await t.app.read_some(asio::buffer(bytes.data(), net::body_buffer::size));
        if (!n) {
            if (t.app.eof()) {
                t.x.client.shutdown_send();
            } else {
                t.close_both();
            }
            co_return;
        }
        filled = *n == net::body_buffer::size;
        t.restart_idle_time();
        const std::string_view moving(bytes.data(), *n);
        auto written = co_await t.x.client.write(moving);
        if (!written) {
            t.close_both();
            co_return;
        }
        t.x.bytes.app += *n;
        t.restart_idle_time();
    }
}

awaitable<void> run_client_to_app(tunnel_state& t) {
    struct end_notifier {
        explicit end_notifier(tunnel_state& of)
            : tunnel(of) {}
        end_notifier(const end_notifier&) = delete;
        end_notifier& operator=(const end_notifier&) = delete;
        ~end_notifier() {
            if (std::uncaught_exceptions() > 0) {
                tunnel.close_both();
            }
            tunnel.upload_running = false;
            tunnel.upload_ended->notify();
        }
        tunnel_state& tunnel;
    };
    const end_notifier at_end(t);
    co_await client_to_app(t);
}

} // namespace

awaitable<void> tunnel(session::exchange& x, net::connection& app) {
    tunnel_state t{x, app, std::make_shared<async_event>(x.worker.self.get_executor())};
    x.client.set_body_timeout(x.worker.settings->limits.tunnel_timeout);
    t.restart_idle_time();
    const auto first = x.client.buffered();
    if (!first.empty()) {
        auto written = co_await app.write(first);
        if (!written) {
            t.close_both();
            co_return;
        }
        x.client.consume(first.size());
    }
    x.worker.self.tasks.spawn(run_client_to_app(t));
    std::exception_ptr thrown;
    try {
        co_await app_to_client(t);
    } catch (...) {
        thrown = std::current_exception(); // the other direction must end before what it refers to does
        t.close_both();
    }
    while (t.upload_running) {
        co_await t.upload_ended->wait();
    }
    t.close_both();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

} // namespace sluice::relay
