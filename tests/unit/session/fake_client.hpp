#pragma once

#include <sluice/session/exchange.hpp>

#include <memory>
#include <string>

namespace sluice::session {

/// A client without a socket: keeps what is sent to it.
class fake_client final : public client_connection {
public:
    explicit fake_client(worker& w)
        : client_connection(w, "192.0.2.1", std::chrono::milliseconds(1000)) {}

    awaitable<result<void>> read_more(std::size_t /*limit*/) override { co_return lost("fake"); }
    awaitable<result<std::size_t>> read_some(asio::mutable_buffer /*out*/) override { co_return lost("fake"); }
    awaitable<result<void>> wait_readable() override { co_return lost("fake"); }
    void cancel_read() noexcept override {}
    awaitable<result<void>> write(std::string_view head, std::string_view body, std::string_view tail) override {
        if (fails) {
            co_return lost("fake");
        }
        written.append(head).append(body).append(tail);
        co_return result<void>{};
    }
    result<std::size_t> try_write(std::string_view bytes, bool /*more*/) override {
        written.append(bytes);
        return bytes.size();
    }
    result<std::size_t> try_send_file(int /*fd*/, std::uint64_t /*offset*/, std::size_t count) override {
        return count;
    }
    void limit_queue(std::uint32_t /*bytes*/) noexcept override {}
    [[nodiscard]] bool can_write() noexcept override { return true; }
    awaitable<result<void>> wait_writable() override { co_return result<void>{}; }
    awaitable<result<void>> wait_acknowledged(std::size_t /*max_unacknowledged*/) override { co_return result<void>{}; }
    awaitable<void> linger() override { co_return; }
    void shutdown_send() noexcept override {}
    void close() noexcept override { open = false; }
    void abort() noexcept override { open = false; }
    [[nodiscard]] bool is_open() const noexcept override { return open; }
    [[nodiscard]] std::uint64_t bytes_taken() noexcept override { return written.size(); }

    std::string written;
    bool open{true};
    bool fails{false};

private:
    [[nodiscard]] int poll_handle() noexcept override { return -1; }
};

/// An exchange with such a client, for a GET over HTTP/1.1.
struct fake_exchange {
    fake_exchange() {
        head.method = "GET";
        head.target = "/a";
        context.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    }
    /// Runs `task`, which must need nothing but the fake client, to its end.
    void run(awaitable<void> task) {
        w.tasks.spawn(std::move(task));
        w.context.run();
        w.context.restart();
    }

    worker w{0};
    metrics::metrics counters;
    worker_context context{w, std::make_shared<const config::config>(), counters};
    fake_client client{w};
    http::request_head head;
    http::request_parser parser{8192};
    exchange x{.worker = context, .client = client, .request = head, .parser = parser, .target = "/a"};
};

} // namespace sluice::session
