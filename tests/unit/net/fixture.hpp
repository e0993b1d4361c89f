#pragma once

#include <sluice/base/worker.hpp>
#include <sluice/net/client.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>
#include <vector>

/// One worker with its deadline service, run on the test's thread until the test's coroutine has ended; and a server
/// that says what it is told to.
namespace sluice::net::test {

using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

struct fixture {
    fixture()
        : listening(w.context) {
        std::signal(SIGPIPE, SIG_IGN);
        const asio::ip::tcp::endpoint any(asio::ip::make_address("127.0.0.1"), 0);
        listening.open(any.protocol());
        listening.set_option(asio::socket_base::reuse_address(true));
        listening.bind(any);
        listening.listen();
        place.host = "127.0.0.1";
        place.port = listening.local_endpoint().port();
    }

    /// Runs `test`; whatever still runs when it has ended is stopped.
    void run(awaitable<void> test) {
        w.tasks.spawn(w.deadlines.run());
        w.tasks.spawn(then_stop(*this, std::move(test)));
        w.context.run();
        BOOST_TEST(finished);
    }

    static awaitable<void> then_stop(fixture& f, awaitable<void> test) {
        co_await std::move(test);
        f.finished = true;
        f.w.deadlines.stop();
        f.listening.close();
        f.w.context.stop(); // servers that still wait go down with it
    }

    worker w{0};
    acceptor listening;
    peer place;
    bool finished{false};
    std::vector<std::string> requests; ///< what the server got, a head (and what came with it) each
    unsigned accepted{0};
};

/// What one connection of the server does: for each text, reads a head and answers with it; then closes, or waits for
/// the client's end.
struct script {
    std::vector<std::string> answers;
    enum class end : std::uint8_t { close, wait, reset } at_end{end::wait};
};

inline awaitable<void> play(fixture& f, tcp_socket socket, script s) {
    std::string got;
    std::array<char, 4096> buffer{};
    for (const auto& text : s.answers) {
        while (got.find("\r\n\r\n") == std::string::npos) {
            auto [ec, n] = co_await socket.async_read_some(asio::buffer(buffer), use_tuple);
            if (ec) {
                co_return;
            }
            got.append(buffer.data(), n);
        }
        f.requests.push_back(std::exchange(got, {}));
        auto [ec, n] = co_await asio::async_write(socket, asio::buffer(text), use_tuple);
        if (ec) {
            co_return;
        }
    }
    if (s.at_end == script::end::reset) {
        boost::system::error_code ignored;
        socket.set_option(asio::socket_base::linger(true, 0), ignored);
        socket.close(ignored); // Asio's destructor would undo the option
    }
    if (s.at_end != script::end::wait) {
        co_return;
    }
    for (;;) {
        auto [ec, n] = co_await socket.async_read_some(asio::buffer(buffer), use_tuple);
        if (ec) {
            co_return;
        }
    }
}

/// Accepts one connection a script, in their order, and plays it.
inline awaitable<void> serve(fixture& f, std::vector<script> scripts) {
    for (auto& s : scripts) {
        auto [ec, socket] = co_await f.listening.async_accept(use_tuple);
        if (ec) {
            co_return;
        }
        ++f.accepted;
        f.w.tasks.spawn(play(f, std::move(socket), std::move(s)));
    }
}

/// Reads the rest of a body. `why` gets the error that ended it early.
inline awaitable<std::string> read_all(client_response& from, error* why = nullptr) {
    std::string body;
    for (;;) {
        auto piece = co_await from.read_body();
        if (!piece) {
            if (why != nullptr) {
                *why = piece.error();
            }
            co_return body;
        }
        if (piece->empty()) {
            co_return body;
        }
        body.append(*piece);
    }
}

inline constexpr std::string_view get_request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

} // namespace sluice::net::test
