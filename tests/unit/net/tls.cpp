#include "fixture.hpp"
#include "tls_server.hpp"

namespace sluice::net::test {
namespace {

/// Each connection: reads a head, answers with `text`, then ends with close_notify, or without.
awaitable<void> serve_tls(fixture& f, tls_server& server, std::string text, bool notify) {
    for (;;) {
        auto [ec, socket] = co_await f.listening.async_accept(use_tuple);
        if (ec) {
            co_return;
        }
        tls_socket tls(std::move(socket), server.context);
        auto [shaken] = co_await tls.async_handshake(ssl::stream_base::server, use_tuple);
        if (shaken) {
            continue;
        }
        ++server.handshakes;
        server.resumed += SSL_session_reused(tls.native_handle()) == 1 ? 1U : 0U;
        std::array<char, 4096> buffer{};
        auto [failed, n] = co_await tls.async_read_some(asio::buffer(buffer), use_tuple);
        if (failed) {
            continue;
        }
        auto [unsent, sent] = co_await asio::async_write(tls, asio::buffer(text), use_tuple);
        if (!unsent && notify) {
            co_await tls.async_shutdown(use_tuple);
        }
    }
}

struct outcome {
    std::string body;
    error why{errc::canceled};
};

awaitable<void> get(fixture& f, tls_server& server, std::string text, bool notify, int times, outcome& o) {
    f.w.tasks.spawn(serve_tls(f, server, std::move(text), notify));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    for (int i = 0; i != times; ++i) {
        o = {};
        auto answer = co_await send(pool, f.place, get_request, {});
        if (!answer) {
            o.why = answer.error();
            co_return;
        }
        o.body = co_await read_all(*answer, &o.why);
        answer->finish();
    }
}

constexpr const char* ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

outcome run(const std::string& host, const std::string& ca_file, tls_server& server, std::string text = ok,
            bool notify = true, int times = 1) {
    fixture f;
    f.place.tls = true;
    f.place.host = host;
    f.place.ca_file = ca_file;
    outcome o;
    f.run(get(f, server, std::move(text), notify, times, o));
    return o;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tls)

BOOST_AUTO_TEST_CASE(a_good_certificate_is_accepted) {
    const certificate c("DNS:localhost,IP:127.0.0.1");
    const temporary_file ca(c.certificate_pem);
    for (const std::string host : {"localhost", "127.0.0.1"}) {
        tls_server server(c);
        const auto o = run(host, ca.path(), server);
        BOOST_TEST(o.body == "hello");
        BOOST_TEST(o.why.detail == "");
        BOOST_TEST(server.alpn == "\x08http/1.1");
        BOOST_TEST(server.sni == (host == "localhost" ? host : "")); // no addresses in SNI
    }
}

BOOST_AUTO_TEST_CASE(a_wrong_name_is_refused) {
    const certificate c("DNS:other.example,IP:127.0.0.2");
    const temporary_file ca(c.certificate_pem);
    for (const std::string host : {"localhost", "127.0.0.1"}) {
        tls_server server(c);
        const auto o = run(host, ca.path(), server);
        BOOST_TEST((o.why.code == errc::tls_failed));
        BOOST_TEST(!o.why.retryable);
        BOOST_TEST(o.body == "");
    }
}

BOOST_AUTO_TEST_CASE(a_name_in_the_subject_alone_is_refused) {
    for (const std::string names : {"", "IP:127.0.0.2"}) {
        const certificate c(names, "localhost");
        const temporary_file ca(c.certificate_pem);
        tls_server server(c);
        const auto o = run("localhost", ca.path(), server);
        BOOST_TEST((o.why.code == errc::tls_failed), "with the alternative names " << names);
        BOOST_TEST(o.body == "");
    }
    const certificate address("", "127.0.0.1");
    const temporary_file ca(address.certificate_pem);
    tls_server server(address);
    BOOST_TEST((run("127.0.0.1", ca.path(), server).why.code == errc::tls_failed));
}

BOOST_AUTO_TEST_CASE(an_unknown_authority_is_refused) {
    const certificate c("DNS:localhost");
    const certificate stranger("DNS:localhost");
    const temporary_file ca(stranger.certificate_pem);
    for (const std::string& file : {ca.path(), std::string()}) {
        tls_server server(c);
        const auto o = run("localhost", file, server);
        BOOST_TEST((o.why.code == errc::tls_failed));
        BOOST_TEST(!o.why.retryable);
    }
    tls_server server(c);
    const auto o = run("localhost", "/nonexistent/ca.pem", server);
    BOOST_TEST((o.why.code == errc::tls_failed));
    BOOST_TEST(server.handshakes == 0U);
}

BOOST_AUTO_TEST_CASE(old_protocols_are_refused) {
    const certificate c("DNS:localhost");
    const temporary_file ca(c.certificate_pem);
    tls_server server(c);
    SSL_CTX_set_max_proto_version(server.context.native_handle(), TLS1_1_VERSION);
    SSL_CTX_set_min_proto_version(server.context.native_handle(), TLS1_VERSION);
    BOOST_TEST((run("localhost", ca.path(), server).why.code == errc::tls_failed));
}

BOOST_AUTO_TEST_CASE(close_notify_ends_a_body_and_a_bare_close_does_not) {
    const certificate c("DNS:localhost");
    const temporary_file ca(c.certificate_pem);
    std::string body(200'000, 'x');
    const std::string text = "HTTP/1.1 200 OK\r\n\r\n" + body;
    tls_server whole(c);
    const auto ended = run("localhost", ca.path(), whole, text, true);
    BOOST_TEST((ended.body == body));
    BOOST_TEST((ended.why.code == errc::canceled));
    tls_server cut(c);
    const auto truncated = run("localhost", ca.path(), cut, text, false);
    BOOST_TEST((truncated.why.code == errc::short_body));
}

BOOST_AUTO_TEST_CASE(sessions_are_resumed) {
    const certificate c("DNS:localhost");
    const temporary_file ca(c.certificate_pem);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_server server(c);
        SSL_CTX_set_max_proto_version(server.context.native_handle(), version);
        const auto o = run("localhost", ca.path(), server, "HTTP/1.1 200 OK\r\n\r\nhello", true, 3);
        BOOST_TEST(o.body == "hello");
        BOOST_TEST(server.handshakes == 3U);
        BOOST_TEST(server.resumed == 2U);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::net::test
