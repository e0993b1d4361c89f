#include "fixture.hpp"
#include "tls_server.hpp"

namespace sluice::net::test {
namespace {

/// The origin's name: nobody resolves it (RFC 6761 §6.4), so only a proxy can lead there.
constexpr const char* origin_name = "media.invalid";
constexpr std::string_view opened = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// What the proxy does with each connection.
struct proxy_script {
    std::vector<std::string> answer{std::string(opened)}; ///< written piece by piece after the head has come
    bool tunnel{true}; ///< then it is the origin itself; else it holds still, or closes
    bool close{false};
};

/// Proxy and origin in one: reads the CONNECT, answers, and goes on as the TLS server of the origin.
awaitable<void> play_proxy(fixture& f, tls_server& origin, tcp_socket socket, const proxy_script& s) {
    std::string head;
    std::array<char, 4096> buffer{};
    while (head.find("\r\n\r\n") == std::string::npos) {
        auto [ec, n] = co_await socket.async_read_some(asio::buffer(buffer), use_tuple);
        if (ec) {
            co_return;
        }
        head.append(buffer.data(), n);
    }
    f.requests.push_back(head);
    for (const auto& piece : s.answer) {
        auto [ec, n] = co_await asio::async_write(socket, asio::buffer(piece), use_tuple);
        if (ec) {
            co_return;
        }
    }
    if (!s.tunnel) {
        while (!s.close) {
            auto [ec, n] = co_await socket.async_read_some(asio::buffer(buffer), use_tuple);
            if (ec) {
                break;
            }
        }
        co_return;
    }
    tls_socket tls(std::move(socket), origin.context);
    auto [shaken] = co_await tls.async_handshake(ssl::stream_base::server, use_tuple);
    if (shaken) {
        co_return;
    }
    ++origin.handshakes;
    origin.resumed += SSL_session_reused(tls.native_handle()) == 1 ? 1U : 0U;
    for (;;) {
        auto [failed, n] = co_await tls.async_read_some(asio::buffer(buffer), use_tuple);
        if (failed) {
            co_return;
        }
        auto [unsent, sent] = co_await asio::async_write(tls, asio::buffer(ok), use_tuple);
        if (unsent) {
            co_return;
        }
    }
}

awaitable<void> serve_proxy(fixture& f, tls_server& origin, const proxy_script& s) {
    for (;;) {
        auto [ec, socket] = co_await f.listening.async_accept(use_tuple);
        if (ec) {
            co_return;
        }
        ++f.accepted;
        f.w.tasks.spawn(play_proxy(f, origin, std::move(socket), s));
    }
}

struct outcome {
    std::vector<std::string> bodies;
    std::vector<std::string> connects;
    error why{errc::canceled};
    unsigned accepted{0};
};

struct settings {
    std::string credentials{}; ///< `user:password@`
    std::string no_proxy{};
    unsigned times{1};
    bool keep{true};
    std::chrono::milliseconds timeout{5000};
    error_source source{error_source::origin};
};

awaitable<void> get(fixture& f, tls_server& origin, const proxy_script& s, const settings& with,
                    std::shared_ptr<const proxy_settings> proxies, outcome& o) {
    f.w.tasks.spawn(serve_proxy(f, origin, s));
    connection_pool pool(f.w, with.keep ? 4 : 0, std::chrono::seconds(10), std::move(proxies));
    send_options options;
    options.response_timeout = std::chrono::seconds(5);
    for (unsigned i = 0; i != with.times; ++i) {
        auto answer = co_await send(pool, f.place, get_request, options);
        if (!answer) {
            o.why = answer.error();
            co_return;
        }
        auto body = co_await read_all(*answer);
        o.bodies.push_back(std::move(body));
        answer->finish();
    }
}

outcome run(tls_server& origin, const std::string& ca_file, const proxy_script& s = {}, const settings& with = {},
            const std::string& host = origin_name) {
    fixture f;
    const std::string named =
        "http://" + with.credentials + "127.0.0.1:" + std::to_string(f.listening.local_endpoint().port());
    auto parsed = parse_proxy(named);
    BOOST_REQUIRE(parsed.has_value());
    auto proxies = std::make_shared<const proxy_settings>(std::move(*parsed), no_proxy_list(with.no_proxy));
    f.place.tls = true;
    f.place.host = host;
    f.place.port = 8443;
    f.place.ca_file = ca_file;
    f.place.connect_timeout = with.timeout;
    f.place.source = with.source;
    outcome o;
    f.run(get(f, origin, s, with, std::move(proxies), o));
    o.connects = f.requests;
    o.accepted = f.accepted;
    return o;
}

struct trusted {
    certificate c{"DNS:media.invalid,IP:192.0.2.1,IP:2001:db8::1"};
    temporary_file ca{c.certificate_pem};
};

/// What comes of a proxy that answers so.
error refused(std::vector<std::string> answer, bool close = false) {
    const trusted t;
    tls_server origin(t.c);
    proxy_script s;
    s.answer = std::move(answer);
    s.tunnel = false;
    s.close = close;
    const auto o = run(origin, t.ca.path(), s);
    BOOST_TEST(o.bodies.empty());
    BOOST_TEST(origin.handshakes == 0U);
    return o.why;
}

} // namespace

BOOST_AUTO_TEST_SUITE(connect_tunnel)

BOOST_AUTO_TEST_CASE(the_proxy_is_asked_for_the_name_and_tls_is_with_the_origin) {
    const trusted t;
    tls_server origin(t.c);
    const auto o = run(origin, t.ca.path());
    BOOST_TEST(o.why.detail == "");
    BOOST_TEST_REQUIRE(o.bodies.size() == 1U);
    BOOST_TEST(o.bodies[0] == "hello");
    BOOST_TEST(origin.sni == origin_name);
    BOOST_TEST_REQUIRE(o.connects.size() == 1U);
    BOOST_TEST(o.connects[0] == "CONNECT media.invalid:8443 HTTP/1.1\r\nHost: media.invalid:8443\r\n"
                                "User-Agent: sluice/" SLUICE_VERSION "\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(the_proxy_is_told_who_asks) {
    const trusted t;
    tls_server origin(t.c);
    settings with;
    with.credentials = "user:p%40ss@";
    const auto o = run(origin, t.ca.path(), {}, with);
    BOOST_TEST_REQUIRE(o.connects.size() == 1U);
    BOOST_TEST(o.connects[0].ends_with("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n"));
    BOOST_TEST(o.bodies.size() == 1U);
}

BOOST_AUTO_TEST_CASE(addresses_go_through_it_too) {
    const trusted t;
    for (const std::string host : {"192.0.2.1", "2001:db8::1"}) {
        tls_server origin(t.c);
        const auto o = run(origin, t.ca.path(), {}, {}, host);
        BOOST_TEST_REQUIRE(o.connects.size() == 1U);
        BOOST_TEST(o.connects[0].starts_with("CONNECT " + (host[0] == '1' ? host : "[" + host + "]") + ":8443 HTTP"));
        BOOST_TEST(o.bodies.size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(the_origins_certificate_is_what_counts) {
    const certificate c("DNS:proxy.invalid,IP:127.0.0.1"); // the proxy's own name does not help
    const temporary_file ca(c.certificate_pem);
    tls_server origin(c);
    const auto o = run(origin, ca.path());
    BOOST_TEST((o.why.code == errc::tls_failed));
    BOOST_TEST(!o.why.retryable);
    BOOST_TEST(o.bodies.empty());
}

BOOST_AUTO_TEST_CASE(tunnels_are_kept_and_sessions_resumed) {
    const trusted t;
    settings with;
    with.times = 3;
    tls_server origin(t.c);
    BOOST_TEST(run(origin, t.ca.path(), {}, with).bodies.size() == 3U);
    BOOST_TEST(origin.handshakes == 1U);
    with.keep = false;
    tls_server again(t.c);
    const auto o = run(again, t.ca.path(), {}, with);
    BOOST_TEST(o.bodies.size() == 3U);
    BOOST_TEST(o.connects.size() == 3U);
    BOOST_TEST(again.handshakes == 3U);
    BOOST_TEST(again.resumed == 2U);
}

BOOST_AUTO_TEST_CASE(answers_in_pieces_with_interim_ones_and_with_fields_of_a_body) {
    const trusted t;
    for (const std::vector<std::string>& answer : std::vector<std::vector<std::string>>{
             {"HTTP/1.0 200 OK\r\n\r\n"},
             {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"}, // RFC 9110 §9.3.6: to be ignored
             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
             {"HTTP/1.1 299 Odd\r\n\r\n"},
             {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"},
             {"HT", "TP/1.1 100 Continue\r\n\r", "\nHTTP/1.1 200 O", "K\r\nX: y\r\n\r", "\n"}}) {
        tls_server origin(t.c);
        proxy_script s;
        s.answer = answer;
        const auto o = run(origin, t.ca.path(), s);
        BOOST_TEST(o.bodies.size() == 1U, answer.back() << ": " << o.why.detail);
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_names_the_status) {
    struct row {
        std::string status;
        bool retryable;
    };
    for (const auto& [status, retryable] : std::vector<row>{{"407", false},
                                                            {"403", false},
                                                            {"400", false},
                                                            {"301", false},
                                                            {"101", false},
                                                            {"429", true},
                                                            {"502", true},
                                                            {"503", true}}) {
        const auto e = refused({"HTTP/1.1 " + status + " No\r\nContent-Length: 6\r\n\r\nsecret"});
        BOOST_TEST((e.code == errc::connect_failed), status);
        BOOST_TEST(e.retryable == retryable, status);
        BOOST_TEST((e.source == error_source::origin));
        BOOST_TEST(e.detail.find("the proxy answered " + status) != std::string::npos, e.detail);
        BOOST_TEST(e.detail.find("media.invalid through the proxy 127.0.0.1:") != std::string::npos, e.detail);
        BOOST_TEST(e.detail.find("secret") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_an_error) {
    BOOST_TEST((refused({"HTTP/1.1 200 OK\r\n\r\nx"}).code == errc::protocol_error));
    BOOST_TEST((refused({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}).code == errc::protocol_error));
    BOOST_TEST((refused({"SSH-2.0-OpenSSH_9.2\r\n\r\n"}).code == errc::protocol_error));
    BOOST_TEST((refused({"HTTP/2 200\r\n\r\n"}).code == errc::protocol_error));
    BOOST_TEST((refused({"HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x')}).code == errc::protocol_error));
    std::string endless;
    for (int i = 0; i != 20; ++i) {
        endless += "HTTP/1.1 102 Processing\r\n\r\n";
    }
    BOOST_TEST((refused({endless}).code == errc::protocol_error));
    for (const std::string part : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
        const auto e = refused({part}, true);
        BOOST_TEST((e.code == errc::connect_failed), part);
        BOOST_TEST(e.retryable);
    }
}

BOOST_AUTO_TEST_CASE(a_silent_proxy_is_given_up_in_time) {
    const trusted t;
    for (const bool tunnel : {false, true}) { // silent instead of the answer, and in place of the origin
        tls_server origin(t.c);
        proxy_script s;
        s.answer = {tunnel ? std::string(opened) : "HTTP/1.1 200"};
        s.tunnel = false;
        settings with;
        with.timeout = std::chrono::milliseconds(150);
        const auto began = steady_clock::now();
        const auto o = run(origin, t.ca.path(), s, with);
        BOOST_TEST((o.why.code == errc::timeout));
        BOOST_TEST(o.why.detail.ends_with(": connect_timeout (150ms) ran out"), o.why.detail);
        BOOST_TEST(o.why.retryable);
        BOOST_TEST((steady_clock::now() - began < std::chrono::seconds(3)));
    }
}

BOOST_AUTO_TEST_CASE(a_host_that_would_write_into_the_request_is_not_asked_for) {
    const trusted t;
    tls_server origin(t.c);
    const auto o = run(origin, t.ca.path(), {}, {}, "media.invalid:443 HTTP/1.1\r\nX: y\r\n");
    BOOST_TEST((o.why.code == errc::connect_failed));
    BOOST_TEST(!o.why.retryable);
    BOOST_TEST(o.connects.empty());
}

BOOST_AUTO_TEST_CASE(who_is_not_proxied_is_connected_to_directly) {
    const trusted t;
    tls_server origin(t.c);
    settings with;
    with.no_proxy = "media.invalid";
    const auto named = run(origin, t.ca.path(), {}, with);
    BOOST_TEST(named.accepted == 0U);
    BOOST_TEST((named.why.code == errc::resolve_failed || named.why.code == errc::timeout));
    with.no_proxy.clear();
    with.source = error_source::app;
    const auto app = run(origin, t.ca.path(), {}, with);
    BOOST_TEST(app.accepted == 0U);
    BOOST_TEST((app.why.code == errc::resolve_failed || app.why.code == errc::timeout));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::net::test
