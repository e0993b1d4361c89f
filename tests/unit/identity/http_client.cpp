#include <sluice/identity/http_client.hpp>

#include "../net/fixture.hpp"

namespace sluice::identity::test {
namespace {

using net::test::fixture;
using net::test::script;

awaitable<void> send_one(fixture& f, http_client& client, const http_request& what,
                         std::optional<result<http_response>>& got) {
    auto answer = co_await client.send(what);
    got.emplace(std::move(answer));
    static_cast<void>(f);
}

awaitable<void> exchange(fixture& f, std::vector<script> scripts, http_request what,
                         std::optional<result<http_response>>& got, unsigned times) {
    f.w.tasks.spawn(net::test::serve(f, std::move(scripts)));
    net::connection_pool pool(f.w, 4, std::chrono::seconds(10));
    pooled_http_client client(pool);
    what.server.host = f.place.host;
    what.server.port = f.place.port;
    for (unsigned i = 0; i != times; ++i) {
        co_await send_one(f, client, what, got);
    }
}

struct outcome {
    result<http_response> got{http_response{}};
    std::vector<std::string> requests;
    unsigned accepted{0};
};

outcome talk(http_request what, std::vector<std::string> answers, script::end at_end = script::end::wait,
             unsigned times = 1) {
    fixture f;
    std::optional<result<http_response>> got;
    script s;
    s.answers = std::move(answers);
    s.at_end = at_end;
    f.run(exchange(f, {s}, std::move(what), got, times));
    BOOST_REQUIRE(got.has_value());
    return {std::move(*got), f.requests, f.accepted};
}

http_request get() {
    http_request c;
    c.target = "/path?query=1";
    c.timeout = std::chrono::milliseconds(1000);
    return c;
}

bool fails_with(const outcome& o, errc code) {
    if (o.got) {
        return false;
    }
    BOOST_TEST_MESSAGE(o.got.error().detail);
    return o.got.error().code == code && o.got.error().detail.find("127.0.0.1:") != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_caller_)

BOOST_AUTO_TEST_CASE(a_call_as_it_is_written_and_read) {
    auto c = get();
    c.method = "POST";
    c.fields.emplace_back("Authorization", secret("Bearer t"));
    c.body = secret("a=b");
    const auto o =
        talk(c, {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nX-Why: because\r\nTransfer-Encoding: chunked\r\n"
                 "\r\n3\r\nfoo\r\n3\r\nbar\r\n0\r\n\r\n"});
    BOOST_REQUIRE(o.got.has_value());
    BOOST_TEST(o.got->status == 401U);
    BOOST_TEST(o.got->body.reveal() == "foobar");
    BOOST_TEST(o.got->field("x-why") == "because");
    BOOST_TEST(o.got->field("absent").empty());
    const auto& sent = o.requests.front();
    BOOST_TEST(sent.starts_with("POST /path?query=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
    for (const std::string_view field : {"\r\nAuthorization: Bearer t\r\n", "\r\nContent-Length: 3\r\n",
                                         "\r\nUser-Agent: sluice/", "\r\nAccept: */*\r\n", "\r\n\r\na=b"}) {
        BOOST_TEST(sent.find(field) != std::string::npos, field);
    }
}

BOOST_AUTO_TEST_CASE(lengths_are_sent_where_a_body_could_be) {
    const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    auto put = get();
    put.method = "PUT";
    BOOST_TEST(talk(put, {ok}).requests.front().find("\r\nContent-Length: 0\r\n") != std::string::npos);
    BOOST_TEST(talk(get(), {ok}).requests.front().find("Content-Length") == std::string::npos);
    const auto kept = talk(get(), {ok, ok, ok}, script::end::wait, 3);
    BOOST_TEST(kept.accepted == 1U);
    BOOST_TEST(kept.requests.size() == 3U);
}

BOOST_AUTO_TEST_CASE(redirects_are_answers) {
    const auto o =
        talk(get(), {"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"});
    BOOST_TEST(o.got->status == 302U);
    BOOST_TEST(o.requests.size() == 1U);
}

BOOST_AUTO_TEST_CASE(faults) {
    auto quick = get();
    quick.timeout = std::chrono::milliseconds(150);
    BOOST_TEST(fails_with(talk(quick, {""}), errc::timeout)); // no head
    BOOST_TEST(fails_with(talk(quick, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}), errc::timeout));
    BOOST_TEST(fails_with(talk(get(), {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}, script::end::close),
                          errc::short_body));
    BOOST_TEST(fails_with(talk(get(), {"garbage\r\n\r\n"}, script::end::close), errc::protocol_error));
    BOOST_TEST(!talk(get(), {""}, script::end::reset).got.has_value());
    const std::string mib(1024 * 1024, 'x');
    BOOST_TEST(talk(get(), {"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + mib}).got->body.reveal().size() ==
               mib.size());
    BOOST_TEST(fails_with(talk(get(), {"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n" + mib + "x"}),
                          errc::header_too_large));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_not_sent) {
    const std::vector<std::string_view> unfit{"a\r\nX-Evil: 1", "a\n", std::string_view("a\0b", 3)};
    for (const auto value : unfit) {
        auto c = get();
        c.fields.emplace_back("X-Token", secret(value));
        const auto o = talk(c, {});
        BOOST_TEST(fails_with(o, errc::bad_request));
        BOOST_TEST(o.got.error().detail.find("Evil") == std::string::npos);
        BOOST_TEST(o.accepted == 0U);
    }
    for (const std::string target : {"", "path", "/a b", "/a\r\nX: 1", "http://other/"}) {
        auto c = get();
        c.target = target;
        BOOST_TEST(fails_with(talk(c, {}), errc::bad_request));
    }
}

BOOST_AUTO_TEST_CASE(a_host_that_is_not_there) {
    fixture f;
    f.listening.close();
    std::optional<result<http_response>> got;
    f.run(exchange(f, {}, get(), got, 1));
    BOOST_REQUIRE(!got->has_value());
    BOOST_TEST(got->error().retryable);
    BOOST_TEST((got->error().source == error_source::origin));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
