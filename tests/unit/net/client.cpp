#include "fixture.hpp"

namespace sluice::net::test {
namespace {

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

awaitable<void> one(fixture& f, script s, std::string& body, error& why) {
    f.w.tasks.spawn(serve(f, {std::move(s)}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    send_options options;
    options.response_timeout = std::chrono::seconds(5);
    auto answer = co_await send(pool, f.place, get_request, options);
    if (!answer) {
        why = answer.error();
        co_return;
    }
    body = co_await read_all(*answer, &why);
}

struct outcome {
    std::string body;
    error why{errc::canceled};
};

/// What a client gets from a server that answers with `text` and then ends so.
outcome get(std::string text, script::end at_end) {
    fixture f;
    outcome o;
    script s;
    s.answers.push_back(std::move(text));
    s.at_end = at_end;
    f.run(one(f, std::move(s), o.body, o.why));
    return o;
}

awaitable<void> reuse(fixture& f) {
    script s;
    s.answers = {std::string(ok), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n"};
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    for (const std::string expected : {"hello", "world"}) {
        auto answer = co_await send(pool, f.place, get_request, {});
        BOOST_REQUIRE(answer.has_value());
        const auto body = co_await read_all(*answer);
        BOOST_TEST(body == expected);
        BOOST_TEST(answer->complete());
        answer->finish();
    }
    BOOST_TEST(f.accepted == 1U);
    BOOST_TEST(f.requests.size() == 2U);
    BOOST_TEST(pool.open_connections() == 1U);
    pool.close();
    BOOST_TEST(pool.open_connections() == 0U);
}

/// The server closes after its first answer; the pool must notice, or the client send again.
awaitable<void> dead_kept(fixture& f) {
    script first;
    first.answers = {std::string(ok)};
    first.at_end = script::end::close;
    script second;
    second.answers = {std::string(ok)};
    f.w.tasks.spawn(serve(f, {first, second}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    for (int i = 0; i != 2; ++i) {
        auto answer = co_await send(pool, f.place, get_request, {});
        BOOST_REQUIRE(answer.has_value());
        const auto body = co_await read_all(*answer);
        BOOST_TEST(body == "hello");
        answer->finish();
    }
    BOOST_TEST(f.accepted == 2U);
}

/// A request is written on the idle connection, or on a fresh one where that is asked for; its response is read later.
awaitable<void> written_first(fixture& f) {
    script s;
    s.answers = {std::string(ok), std::string(ok)};
    f.w.tasks.spawn(serve(f, {s, s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    const send_options options;
    unsigned accepted = 1;
    for (const auto mode : {acquire_mode::reuse, acquire_mode::reuse, acquire_mode::fresh}) {
        auto sent = co_await write_request(pool, f.place, get_request, options, mode);
        BOOST_REQUIRE(sent.has_value());
        BOOST_TEST(sent->whole);
        BOOST_TEST(sent->response.nothing_received());
        auto head = co_await sent->response.read_head();
        BOOST_REQUIRE(head.has_value());
        const auto body = co_await read_all(sent->response);
        BOOST_TEST(body == "hello");
        sent->response.finish();
        accepted += mode == acquire_mode::fresh ? 1 : 0;
        BOOST_TEST(f.accepted == accepted);
    }
}

/// The second response of a kept connection ends behind an interim head: the server has begun to work on the request.
awaitable<void> dies_after_interim(fixture& f) {
    script s;
    s.answers = {std::string(ok), "HTTP/1.1 103 Early Hints\r\n\r\n"};
    s.at_end = script::end::reset;
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    co_await read_all(*answer);
    answer->finish();
    auto sent = co_await write_request(pool, f.place, get_request, {}, acquire_mode::reuse);
    BOOST_REQUIRE(sent.has_value());
    auto interim = co_await sent->response.read_head();
    BOOST_REQUIRE(interim.has_value());
    auto final_head = co_await sent->response.read_head();
    BOOST_TEST(!final_head.has_value());
    BOOST_TEST(!sent->response.nothing_received());
}

/// Reads the second request of a kept connection and dies: only a replayable one is sent again.
awaitable<void> dies_on_second(fixture& f, bool replayable, errc* why) {
    script first;
    first.answers = {std::string(ok), ""};
    first.at_end = script::end::reset;
    script second;
    second.answers = {std::string(ok)};
    f.w.tasks.spawn(serve(f, {first, second}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    co_await read_all(*answer);
    answer->finish();
    send_options options;
    options.replayable = replayable;
    answer = co_await send(pool, f.place, get_request, options);
    *why = answer ? errc::canceled : answer.error().code;
}

awaitable<void> surplus(fixture& f) {
    script s;
    s.answers = {std::string(ok) + "HTTP/1.1 200 OK\r\n"};
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    const auto body = co_await read_all(*answer);
    BOOST_TEST(body == "hello");
    answer->finish();
    BOOST_TEST(pool.open_connections() == 0U); // what follows unasked belongs to nobody
}

awaitable<void> interim(fixture& f) {
    script s;
    s.answers = {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + std::string(ok)};
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->head().status == 103U);
    auto next = co_await answer->read_head();
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST(answer->head().status == 200U);
    const auto body = co_await read_all(*answer);
    BOOST_TEST(body == "hello");
}

/// Waits until a connection that rests after an answer without content may be used again.
awaitable<void> until_rested(fixture& f) {
    auto ticked = std::make_shared<async_event>(f.w.get_executor());
    f.w.deadlines.on_tick([ticked] { ticked->notify(); });
    for (int i = 0; i < 6; ++i) {
        co_await ticked->wait();
    }
}

awaitable<void> no_body(fixture& f, std::string text, bool head_request) {
    script s;
    s.answers = {std::move(text), std::string(ok)};
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    send_options options;
    options.head_request = head_request;
    auto answer = co_await send(pool, f.place, get_request, options);
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->complete());
    const auto body = co_await read_all(*answer);
    BOOST_TEST(body.empty());
    answer->finish();
    co_await until_rested(f);
    answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(f.accepted == 1U);
}

awaitable<void> read_into(fixture& f, std::string text, std::string expected, script::end at_end) {
    script s;
    s.answers = {std::move(text)};
    s.at_end = at_end;
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    std::string body;
    std::array<char, 5000> out{};
    for (;;) {
        auto n = co_await answer->read_body_into(asio::buffer(out));
        BOOST_REQUIRE(n.has_value());
        if (*n == 0) {
            break;
        }
        body.append(out.data(), *n);
    }
    BOOST_TEST((body == expected));
    BOOST_TEST(answer->complete());
}

awaitable<void> silent(fixture& f, std::string text, error* why) {
    script s;
    s.answers = {std::move(text)};
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    send_options options;
    options.response_timeout = std::chrono::milliseconds(60);
    options.response_setting = "app.response_timeout";
    auto answer = co_await send(pool, f.place, get_request, options);
    if (answer) {
        co_await read_all(*answer, why);
    } else {
        *why = answer.error();
    }
}

awaitable<void> refused(fixture& f, errc* why) {
    f.listening.close(); // the port is free now: nobody listens there
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    auto answer = co_await send(pool, f.place, get_request, {});
    *why = answer ? errc::canceled : answer.error().code;
    BOOST_TEST(pool.open_connections() == 0U);
}

awaitable<void> by_name(fixture& f) {
    script s;
    s.answers = {std::string(ok)};
    f.w.tasks.spawn(serve(f, {s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    f.place.host = "localhost"; // ::1 may come first: the next address is tried
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    f.place.host = "no-such-host.invalid";
    auto none = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(!none.has_value());
    const auto code = none.error().code;
    BOOST_TEST((code == errc::resolve_failed || code == errc::timeout));
}

awaitable<void> idle_expiry(fixture& f) {
    script s;
    s.answers = {std::string(ok)};
    f.w.tasks.spawn(serve(f, {s, s}));
    connection_pool pool(f.w, 4, std::chrono::milliseconds(1));
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    co_await read_all(*answer);
    answer->finish();
    // The deadline service's tick closes it.
    auto ticked = std::make_shared<async_event>(f.w.get_executor());
    f.w.deadlines.on_tick([ticked] { ticked->notify(); });
    while (pool.open_connections() != 0) {
        co_await ticked->wait();
    }
    answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(f.accepted == 2U);
}

/// An answer without content, and what is asked right behind it, and later.
awaitable<void> rests(fixture& f, error_source whose, std::string text, bool head_request) {
    script first;
    first.answers = {std::move(text), std::string(ok)};
    script second;
    second.answers = {std::string(ok)};
    f.w.tasks.spawn(serve(f, {first, second}));
    f.place.source = whose;
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    send_options options;
    options.head_request = head_request;
    auto answer = co_await send(pool, f.place, get_request, options);
    BOOST_REQUIRE(answer.has_value());
    answer->finish();
    auto next = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST(f.accepted == 2U);
    co_await until_rested(f);
    auto later = co_await send(pool, f.place, get_request, {}); // nothing came behind it meanwhile
    BOOST_REQUIRE(later.has_value());
    BOOST_TEST(f.accepted == 2U);
}

/// Answers a request with `first`, writes `late` at the next tick, and then waits for the client's end.
awaitable<void> answer_and_go_on(fixture& f, std::string first, std::string late) {
    auto accepted = co_await f.listening.async_accept(use_tuple);
    tcp_socket socket = std::move(std::get<1>(accepted));
    std::array<char, 4096> buffer{};
    co_await socket.async_read_some(asio::buffer(buffer), use_tuple);
    co_await asio::async_write(socket, asio::buffer(first), use_tuple);
    auto ticked = std::make_shared<async_event>(f.w.get_executor());
    f.w.deadlines.on_tick([ticked] { ticked->notify(); });
    co_await ticked->wait();
    co_await asio::async_write(socket, asio::buffer(late), use_tuple);
    co_await socket.async_read_some(asio::buffer(buffer), use_tuple);
}

/// Content comes late behind an answer that has none: the next request must not get it.
awaitable<void> late_content(fixture& f, error_source whose, std::string text, bool head_request) {
    script good;
    good.answers = {std::string(ok)};
    f.w.tasks.spawn(answer_and_go_on(f, std::move(text), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"));
    f.place.source = whose;
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    send_options options;
    options.head_request = head_request;
    auto answer = co_await send(pool, f.place, get_request, options);
    BOOST_REQUIRE(answer.has_value());
    answer->finish();
    f.w.tasks.spawn(serve(f, {good}));
    auto next = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(next.has_value());
    const auto body = co_await read_all(*next);
    BOOST_TEST(body != "EVIL");
}

/// More than was announced comes with the end of a body that is read straight into its reader's buffer, and so is still
/// in the socket when the connection is given back: the next request must not get it.
awaitable<void> surplus_in_the_socket(fixture& f) {
    script good;
    good.answers = {std::string(ok)};
    f.w.tasks.spawn(answer_and_go_on(f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                                     "helloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    auto answer = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(answer.has_value());
    std::array<char, 100> into{};
    for (std::size_t got = 0; got < 5;) {
        auto n = co_await answer->read_body_into(asio::buffer(into.data() + got, into.size() - got));
        BOOST_REQUIRE(n.has_value());
        got += *n;
    }
    BOOST_TEST(std::string_view(into.data(), 5) == "hello");
    BOOST_TEST(answer->complete());
    answer->finish();
    f.w.tasks.spawn(serve(f, {good}));
    auto next = co_await send(pool, f.place, get_request, {});
    BOOST_REQUIRE(next.has_value());
    const auto body = co_await read_all(*next);
    BOOST_TEST(body == "hello");
    BOOST_TEST(f.accepted == 1U); // by `serve`: another connection
}

/// A pool is canceled while one connection is idle and a request waits on another: both are closed, and no request is
/// sent any more.
awaitable<void> cancels_all(fixture& f) {
    script silent;
    silent.answers = {std::string(ok), ""};
    f.w.tasks.spawn(serve(f, {silent, silent}));
    const auto pool = std::make_shared<connection_pool>(f.w, 4, std::chrono::seconds(10));
    auto first = co_await send(*pool, f.place, get_request, {});
    BOOST_REQUIRE(first.has_value());
    auto second = co_await write_request(*pool, f.place, get_request, {}, acquire_mode::fresh);
    BOOST_REQUIRE(second.has_value());
    auto head = co_await second->response.read_head();
    BOOST_REQUIRE(head.has_value());
    co_await read_all(second->response);
    second->response.finish();
    BOOST_TEST(pool->open_connections() == 2U);
    f.w.deadlines.on_tick([pool] { pool->cancel(); });
    co_await read_all(*first);
    first->finish();
    auto waiting = co_await send(*pool, f.place, get_request, {}); // on a kept one, whose server is silent now
    BOOST_REQUIRE(!waiting.has_value());
    BOOST_TEST((waiting.error().code == errc::canceled));
    BOOST_TEST(!waiting.error().retryable);
    BOOST_TEST(pool->canceled());
    BOOST_TEST(pool->open_connections() == 0U);
    BOOST_TEST(f.accepted == 2U);
}

/// A request is given up while its answer is waited for: on a new connection, or on a kept one, where it is not sent
/// again.
awaitable<void> gives_up(fixture& f, bool kept) {
    script s;
    s.answers = kept ? std::vector<std::string>{std::string(ok), ""} : std::vector<std::string>{""};
    f.w.tasks.spawn(serve(f, {s, s}));
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    if (kept) {
        auto first = co_await send(pool, f.place, get_request, {});
        BOOST_REQUIRE(first.has_value());
        co_await read_all(*first);
        first->finish();
    }
    const auto canceler = std::make_shared<request_canceler>();
    f.w.deadlines.on_tick([canceler, &f, kept] {
        if (f.requests.size() == (kept ? 2U : 1U)) {
            canceler->cancel();
        }
    });
    send_options options;
    options.canceler = canceler.get();
    auto answer = co_await send(pool, f.place, get_request, options);
    BOOST_TEST(!answer.has_value());
    BOOST_TEST(canceler->canceled());
    BOOST_TEST(f.accepted == 1U);
    BOOST_TEST(pool.open_connections() == 0U);
}

/// A request is given up while its connection is being opened, by a server that accepts nothing more, or says nothing
/// in the TLS handshake.
awaitable<void> gives_up_opening(fixture& f, bool tls) {
    tcp_socket other(f.w.context);
    if (!tls) { // it fills the queue of a listener that nobody accepts from
        f.listening.listen(0);
        other.connect(f.listening.local_endpoint());
    }
    f.place.tls = tls;
    f.place.connect_timeout = std::chrono::hours(1);
    const auto pool = std::make_shared<connection_pool>(f.w, 4, std::chrono::seconds(10));
    const auto canceler = std::make_shared<request_canceler>();
    f.w.deadlines.on_tick([pool, canceler] {
        if (pool->open_connections() == 1) {
            canceler->cancel();
        }
    });
    send_options options;
    options.canceler = canceler.get();
    const auto answer = co_await send(*pool, f.place, get_request, options);
    BOOST_REQUIRE(!answer.has_value());
    BOOST_TEST((answer.error().code == errc::canceled));
    BOOST_TEST(!answer.error().retryable);
    BOOST_TEST(pool->open_connections() == 0U);
}

std::string long_text(std::size_t size) {
    std::string s(size, 'x');
    for (std::size_t i = 0; i < size; i += 7) {
        s[i] = static_cast<char>('a' + i % 26);
    }
    return s;
}

std::string in_chunks(const std::string& body, std::size_t size) {
    std::string out;
    for (std::size_t at = 0; at < body.size(); at += size) {
        const auto part = body.substr(at, size);
        std::array<char, 20> hex{};
        std::snprintf(hex.data(), hex.size(), "%zx\r\n", part.size());
        out += hex.data() + part + "\r\n";
    }
    return out + "0\r\n\r\n";
}

} // namespace

BOOST_AUTO_TEST_SUITE(client)

BOOST_AUTO_TEST_CASE(bodies_end_as_they_say) {
    using end = script::end;
    BOOST_TEST(get(std::string(ok), end::wait).body == "hello");
    const auto body = long_text(300'000);
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::size_t size : {1'000U, 4'096U, 70'000U, 300'000U}) {
        const auto o = get(chunked + in_chunks(body, size), end::wait);
        BOOST_TEST((o.body == body));
        BOOST_TEST((o.why.code == errc::canceled));
    }
    const auto until_close = get("HTTP/1.1 200 OK\r\n\r\n" + body, end::close);
    BOOST_TEST((until_close.body == body));
    BOOST_TEST((until_close.why.code == errc::canceled));
    const auto length = get("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body, end::wait);
    BOOST_TEST((length.body == body));
}

BOOST_AUTO_TEST_CASE(a_cut_body_is_no_body) {
    using end = script::end;
    const auto length = get("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", end::close);
    BOOST_TEST(length.body == "hello");
    BOOST_TEST((length.why.code == errc::short_body));
    const auto chunks = get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", end::close);
    BOOST_TEST((chunks.why.code == errc::short_body));
    const auto reset = get("HTTP/1.1 200 OK\r\n\r\nhello", end::reset);
    BOOST_TEST(to_string(reset.why.code) == "short_body");
}

BOOST_AUTO_TEST_CASE(nonsense_is_a_protocol_error) {
    using end = script::end;
    for (const std::string text :
         {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST((get(text, end::wait).why.code == errc::protocol_error));
        }
    }
    const auto large = get("HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n", end::wait);
    BOOST_TEST((large.why.code == errc::header_too_large));
    const auto none = get("", end::close);
    BOOST_TEST((none.why.code == errc::connection_lost));
}

BOOST_AUTO_TEST_CASE(a_large_head_within_the_limit_is_read) {
    const auto o = get("HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'a') + "\r\nContent-Length: 5\r\n\r\nhello",
                       script::end::wait);
    BOOST_TEST(o.body == "hello");
}

BOOST_AUTO_TEST_CASE(connections_are_kept_and_used_again) {
    fixture f;
    f.run(reuse(f));
}

BOOST_AUTO_TEST_CASE(a_request_is_written_before_its_response_is_read) {
    fixture f;
    f.run(written_first(f));
}

BOOST_AUTO_TEST_CASE(an_interim_head_is_a_byte_of_the_response) {
    fixture f;
    f.run(dies_after_interim(f));
}

BOOST_AUTO_TEST_CASE(a_dead_kept_connection_is_replaced) {
    fixture f;
    f.run(dead_kept(f));
}

BOOST_AUTO_TEST_CASE(only_a_replayable_request_is_sent_twice) {
    for (const bool replayable : {true, false}) {
        fixture f;
        errc why{};
        f.run(dies_on_second(f, replayable, &why));
        BOOST_TEST((why == (replayable ? errc::canceled : errc::connection_lost)));
        BOOST_TEST(f.accepted == (replayable ? 2U : 1U));
    }
}

BOOST_AUTO_TEST_CASE(surplus_bytes_end_the_connection) {
    fixture f;
    f.run(surplus(f));
}

BOOST_AUTO_TEST_CASE(interim_heads_come_one_by_one) {
    fixture f;
    f.run(interim(f));
}

BOOST_AUTO_TEST_CASE(answers_without_body) {
    for (const std::string text :
         {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"}) {
        fixture f;
        f.run(no_body(f, text, false));
    }
    fixture f;
    f.run(no_body(f, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", true));
}

BOOST_AUTO_TEST_CASE(bodies_are_read_into_the_callers_buffer) {
    const auto body = long_text(200'000);
    for (const auto at_end : {script::end::wait, script::end::close}) {
        fixture f;
        const std::string framing = at_end == script::end::wait ? "Content-Length: 200000\r\n" : "";
        f.run(read_into(f, "HTTP/1.1 200 OK\r\n" + framing + "\r\n" + body, body, at_end));
    }
    fixture f;
    f.run(read_into(f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks(body, 9'000), body,
                    script::end::wait));
}

BOOST_AUTO_TEST_CASE(silence_ends_at_the_deadline) {
    for (const std::string text : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"}) {
        fixture f;
        error why{errc::canceled};
        f.run(silent(f, text, &why));
        BOOST_TEST((why.code == errc::timeout));
        BOOST_TEST(why.detail == "app.response_timeout (60ms) ran out");
    }
}

BOOST_AUTO_TEST_CASE(nobody_listens) {
    fixture f;
    errc why{};
    f.run(refused(f, &why));
    BOOST_TEST((why == errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(names_are_looked_up) {
    fixture f;
    f.run(by_name(f));
}

BOOST_AUTO_TEST_CASE(a_connection_rests_after_an_answer_without_content) {
    for (const std::string text : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n"}) {
        for (const auto whose : {error_source::app, error_source::origin}) {
            fixture f;
            f.run(rests(f, whose, text, false));
        }
    }
    fixture f;
    f.run(rests(f, error_source::app, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true));
    fixture store;
    store.run(rests(store, error_source::origin, "HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n", true));
}

BOOST_AUTO_TEST_CASE(content_behind_an_answer_without_content_is_nobodys) {
    for (const auto whose : {error_source::app, error_source::origin}) {
        fixture head;
        head.run(late_content(head, whose, "HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n", true));
        fixture unmodified;
        unmodified.run(late_content(unmodified, whose, "HTTP/1.1 304 Not Modified\r\n\r\n", false));
    }
}

BOOST_AUTO_TEST_CASE(surplus_behind_a_body_is_nobodys) {
    fixture f;
    f.run(surplus_in_the_socket(f));
}

BOOST_AUTO_TEST_CASE(a_pool_is_canceled_with_all_its_connections) {
    fixture f;
    f.run(cancels_all(f));
}

BOOST_AUTO_TEST_CASE(a_request_can_be_given_up) {
    for (const bool kept : {false, true}) {
        fixture f;
        f.run(gives_up(f, kept));
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_being_opened_is_given_up, *boost::unit_test::timeout(60)) {
    for (const bool tls : {false, true}) {
        fixture f;
        f.run(gives_up_opening(f, tls));
    }
}

BOOST_AUTO_TEST_CASE(idle_connections_expire) {
    fixture f;
    f.run(idle_expiry(f));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::net::test
