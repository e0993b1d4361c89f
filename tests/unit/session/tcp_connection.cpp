#include <sluice/session/tcp_connection.hpp>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>

namespace sluice::session {
namespace {

using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

/// A client's socket and the connection that was accepted from it, on one worker.
struct fixture {
    fixture()
        : peer(w.context) {
        std::signal(SIGPIPE, SIG_IGN);
        acceptor listening(w.context, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        peer.connect(listening.local_endpoint());
        tcp_socket accepted(w.context);
        listening.accept(accepted);
        client = std::make_unique<tcp_connection>(std::move(accepted), w, std::chrono::milliseconds(100));
    }
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
    }
    void send(std::string_view text) { asio::write(peer, asio::buffer(text)); }

    worker w{0};
    tcp_socket peer;
    std::unique_ptr<client_connection> client;
    bool finished{false};
};

awaitable<void> buffering(fixture& f) {
    auto& c = *f.client;
    BOOST_TEST(c.remote_address() == "127.0.0.1");
    f.send("first second");
    auto more = co_await c.read_more(64 * 1024);
    BOOST_REQUIRE(more.has_value());
    BOOST_TEST(c.buffered() == "first second");
    const auto view = c.buffered().substr(6);
    c.consume(6);
    BOOST_TEST(c.buffered() == "second");
    BOOST_TEST(view == "second"); // nothing moved
    c.unread(" third");
    BOOST_TEST(c.buffered() == "second");
    c.compact();
    BOOST_TEST(c.buffered() == "second third");
    c.consume(12);
    c.compact();
    BOOST_TEST(c.buffered().empty());
    c.unread("fourth");
    more = co_await c.read_more(64 * 1024); // there already: nothing is waited for
    BOOST_TEST(c.buffered() == "fourth");
}

awaitable<void> limits(fixture& f) {
    auto& c = *f.client;
    f.send(std::string(10'000, 'x'));
    result<void> more;
    while (more) {
        more = co_await c.read_more(6'000);
    }
    BOOST_TEST((more.error().code == errc::header_too_large));
    BOOST_TEST(c.buffered().size() == 6'000U);
}

awaitable<void> stuck(fixture& f) {
    const std::string much(32U << 20U, 'x');
    auto written = co_await f.client->write("head", much, "tail");
    BOOST_REQUIRE(!written.has_value());
    BOOST_TEST((written.error().code == errc::timeout));
    BOOST_TEST(!f.client->is_open());
}

awaitable<void> silent(fixture& f) {
    f.client->set_body_timeout(std::chrono::milliseconds(60));
    std::array<char, 10> out{};
    auto n = co_await f.client->read_some(asio::buffer(out));
    BOOST_REQUIRE(!n.has_value());
    BOOST_TEST((n.error().code == errc::timeout));
    BOOST_TEST(!f.client->eof());
}

awaitable<void> ended(fixture& f) {
    f.peer.shutdown(tcp_socket::shutdown_send);
    std::array<char, 10> out{};
    auto n = co_await f.client->read_some(asio::buffer(out));
    BOOST_TEST(!n.has_value());
    BOOST_TEST(f.client->eof());
    auto written = co_await f.client->write("still ", "heard", "!");
    BOOST_TEST(written.has_value());
    BOOST_TEST(f.client->bytes_sent() == 12U);
    std::array<char, 12> heard{};
    asio::read(f.peer, asio::buffer(heard));
    BOOST_TEST(std::string_view(heard.data(), heard.size()) == "still heard!");
}

/// What the peer sees behind "hello".
boost::system::error_code end_seen(bool abort) {
    fixture f;
    BOOST_REQUIRE(f.client->try_write("hello", false).value() == 5U);
    std::array<char, 5> hello{};
    asio::read(f.peer, asio::buffer(hello));
    abort ? f.client->abort() : f.client->close();
    boost::system::error_code ec;
    f.peer.read_some(asio::buffer(hello), ec);
    return ec;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tcp_connections)

BOOST_AUTO_TEST_CASE(the_buffer_keeps_views_and_order) {
    fixture f;
    f.run(buffering(f));
}

BOOST_AUTO_TEST_CASE(the_buffer_is_bounded) {
    fixture f;
    f.run(limits(f));
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_nothing_is_given_up) {
    fixture f;
    f.run(stuck(f));
}

BOOST_AUTO_TEST_CASE(a_silent_client_is_given_up) {
    fixture f;
    f.run(silent(f));
}

BOOST_AUTO_TEST_CASE(a_client_that_ended_its_direction_is_still_answered) {
    fixture f;
    f.run(ended(f));
}

BOOST_AUTO_TEST_CASE(an_abort_is_a_reset_and_a_close_is_not) {
    BOOST_TEST(end_seen(true) == asio::error::connection_reset);
    BOOST_TEST(end_seen(false) == asio::error::eof);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::session
