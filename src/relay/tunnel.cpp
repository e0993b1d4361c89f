#include <sluice/base/async_event.hpp>
#include <sluice/net/body_buffer.hpp>
#include <sluice/relay/tunnel.hpp>
#include <sluice/session/exchange.hpp>

#include <exception>

namespace sluice::relay {
namespace {

/// What both directions share; lives in the frame of `tunnel`, which waits for both.
struct both_ways {
    session::exchange& x;
    net::connection& app;
    std::shared_ptr<event> upward_ended;
    bool upward_running{true};

    /// Something moved: idleness begins anew on both sides.
    void moved() {
        x.client.refresh_timer();
        app.timer().expires_after(x.worker.settings->limits.tunnel_timeout);
    }
    void cut() {
        x.client.close();
        app.close();
    }
};

/// Client → app, until the client ends its direction or either side is lost.
awaitable<void> pump_up(both_ways& t) {
    net::piece bytes;
    bool filled = false;
    for (;;) {
        if (!filled) {
            bytes.release(); // thousands of silent tunnels hold no buffers
            auto ready = co_await t.x.client.wait_readable();
            if (!ready) {
                t.cut();
                co_return;
            }
        }
        bytes.allocate();
        auto n = co_await t.x.client.read_some(asio::buffer(bytes.data(), net::piece::size));
        if (!n) {
            if (t.x.client.eof()) {
                co_await t.app.shutdown_send();
            } else {
                t.cut();
            }
            co_return;
        }
        filled = *n == net::piece::size;
        t.moved();
        const std::string_view moving(bytes.data(), *n);
        auto written = co_await t.app.write(moving);
        if (!written) {
            t.cut();
            co_return;
        }
        t.moved();
    }
}

/// App → client, likewise.
awaitable<void> pump_down(both_ways& t) {
    net::piece bytes;
    bool filled = false;
    for (;;) {
        if (!filled) {
            bytes.release();
            auto ready = co_await t.app.wait_readable();
            if (!ready) {
                t.cut();
                co_return;
            }
        }
        bytes.allocate();
        auto n = co_await t.app.read_some(asio::buffer(bytes.data(), net::piece::size));
        if (!n) {
            if (t.app.eof()) {
                t.x.client.shutdown_send();
            } else {
                t.cut();
            }
            co_return;
        }
        filled = *n == net::piece::size;
        t.moved();
        const std::string_view moving(bytes.data(), *n);
        auto written = co_await t.x.client.write(moving);
        if (!written) {
            t.cut();
            co_return;
        }
        t.x.bytes.app += *n;
        t.moved();
    }
}

awaitable<void> run_up(both_ways& t) {
    struct ending {
        explicit ending(both_ways& of)
            : tunnel(of) {}
        ending(const ending&) = delete;
        ending& operator=(const ending&) = delete;
        ~ending() {
            if (std::uncaught_exceptions() > 0) {
                tunnel.cut();
            }
            tunnel.upward_running = false;
            tunnel.upward_ended->notify();
        }
        both_ways& tunnel;
    };
    const ending at_end(t);
    co_await pump_up(t);
}

} // namespace

awaitable<void> tunnel(session::exchange& x, net::connection& app) {
    both_ways t{x, app, std::make_shared<event>(x.worker.self.get_executor())};
    x.client.set_body_timeout(x.worker.settings->limits.tunnel_timeout);
    t.moved();
    const auto first = x.client.buffered();
    if (!first.empty()) {
        auto written = co_await app.write(first);
        if (!written) {
            t.cut();
            co_return;
        }
        x.client.consume(first.size());
    }
    x.worker.self.tasks.spawn(run_up(t));
    std::exception_ptr thrown;
    try {
        co_await pump_down(t);
    } catch (...) {
        thrown = std::current_exception(); // the other direction must end before what it refers to does
        t.cut();
    }
    while (t.upward_running) {
        co_await t.upward_ended->wait();
    }
    t.cut();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

} // namespace sluice::relay
