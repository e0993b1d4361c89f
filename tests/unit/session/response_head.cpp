#include <sluice/session/response_head.hpp>
#include <sluice/session/send_response.hpp>

#include <boost/test/unit_test.hpp>

#include "fake_client.hpp"

using namespace sluice;
using session::fake_exchange;
using session::response_head;

namespace {

const std::string date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

} // namespace

BOOST_AUTO_TEST_SUITE(response_heads)

BOOST_AUTO_TEST_CASE(fields_stand_in_the_order_of_the_calls) {
    fake_exchange f;
    std::string out = "before ";
    response_head head(out, f.x, 206);
    head.add("Content-Length", 18'446'744'073'709'551'615U);
    head.add_constant("Accept-Ranges", "bytes");
    BOOST_TEST(head.add("ETag", "\"v\""));
    BOOST_TEST(head.add({"x-Own", ""}));
    head.add("Cache-Status", [](std::string& value) { value += "sluice; hit"; });
    head.end(f.x);
    BOOST_TEST(out == "before HTTP/1.1 206 Partial Content\r\n" + date +
                          "Content-Length: 18446744073709551615\r\nAccept-Ranges: bytes\r\nETag: \"v\"\r\nx-Own: \r\n"
                          "Cache-Status: sluice; hit\r\n\r\n");
    BOOST_TEST(f.x.status == 206U);
}

BOOST_AUTO_TEST_CASE(what_would_break_a_head_is_left_out) {
    fake_exchange f;
    std::string out;
    response_head head(out, 299, "What The App Says");
    BOOST_TEST(!head.add("ETag", "\"a\r\nX: y\""));
    BOOST_TEST(!head.add({"A b", "c"}));
    BOOST_TEST(!head.add({"A", std::string_view("\0", 1)}));
    head.end();
    BOOST_TEST(out == "HTTP/1.1 299 What The App Says\r\n\r\n");
    BOOST_TEST(f.x.status == 0U); // of whoever passes a head on
}

BOOST_AUTO_TEST_CASE(lists_are_written_whole_or_by_name) {
    const http::header_list list{{"Vary", "a"}, {"X-A", "b"}, {"vary", "c"}};
    std::string out;
    response_head head(out, 200, "OK");
    head.add(list);
    head.add_if(list, [](std::string_view name) { return !http::same_name(name, "Vary"); });
    head.end();
    BOOST_TEST(out == "HTTP/1.1 200 OK\r\nVary: a\r\nX-A: b\r\nvary: c\r\nX-A: b\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(connection_says_what_the_version_does_not) {
    const auto ended = [](unsigned version, bool keep_alive) {
        fake_exchange f;
        f.head.version = version;
        f.x.keep_alive = keep_alive;
        std::string out;
        response_head(out, 200, "OK").end(f.x);
        return out.substr(out.find("\r\n") + 2);
    };
    BOOST_TEST(ended(11, true) == "\r\n");
    BOOST_TEST(ended(11, false) == "Connection: close\r\n\r\n");
    BOOST_TEST(ended(10, true) == "Connection: keep-alive\r\n\r\n");
    BOOST_TEST(ended(10, false) == "Connection: close\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(responses_of_ours) {
    fake_exchange f;
    f.run(session::send_response(f.x, 503, "busy\n", session::retry_soon()));
    BOOST_TEST(f.client.written == "HTTP/1.1 503 Service Unavailable\r\n" + date +
                                       "X-Content-Type-Options: nosniff\r\nContent-Length: 5\r\n"
                                       "Content-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\n\r\nbusy\n");
    BOOST_TEST(f.x.status == 503U);
    BOOST_TEST(f.x.head_sent);
    BOOST_TEST(f.x.first_byte.has_value());
    BOOST_TEST(f.x.keep_alive);

    fake_exchange head;
    head.head.method = "HEAD";
    head.run(session::send_response(head.x, 404, "no\n"));
    BOOST_TEST(head.client.written.find("Content-Length: 3\r\n") != std::string::npos);
    BOOST_TEST(head.client.written.ends_with("\r\n\r\n"));

    fake_exchange empty;
    const http::header_list fields{{"Vary", "Origin"}};
    empty.run(session::send_response(empty.x, 204, {}, fields));
    BOOST_TEST(empty.client.written == "HTTP/1.1 204 No Content\r\n" + date + "Vary: Origin\r\n\r\n");

    fake_exchange denied;
    denied.run(session::send_response_head(denied.x, 403, fields));
    BOOST_TEST(denied.client.written == "HTTP/1.1 403 Forbidden\r\n" + date + "Vary: Origin\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(nothing_follows_where_the_body_was_not_read) {
    fake_exchange f;
    const std::string request = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    BOOST_REQUIRE(f.parser.parse_head(request).value() == request.size());
    f.run(session::send_response(f.x, 502, "no\n"));
    BOOST_TEST(!f.x.keep_alive);
    BOOST_TEST(f.client.written.find("Connection: close\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_client_that_cannot_be_sent_to_is_closed) {
    fake_exchange f;
    f.client.fails = true;
    f.run(session::send_response(f.x, 502, "no\n"));
    BOOST_TEST(!f.x.keep_alive);
    BOOST_TEST(!f.client.is_open());
}

BOOST_AUTO_TEST_SUITE_END()
