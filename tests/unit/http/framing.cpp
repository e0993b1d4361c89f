// Raw bytes through the parser and the guard, as the session does it.
#include <sluice/http/framing.hpp>
#include <sluice/http/message_parser.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::http;

namespace {

/// "ok", "more", or the error's name.
std::string decision(std::string_view raw) {
    request_parser parser(64 * 1024);
    const auto size = parser.parse_head(raw);
    if (!size)
        return std::string(to_string(size.error().code));
    if (*size == 0)
        return "more";
    const auto checked = check_request(parser.head());
    return checked ? "ok" : std::string(to_string(checked.error().code));
}

std::string response_verdict(std::string_view raw) {
    response_parser parser(64 * 1024, error_source::origin);
    const auto size = parser.parse_head(raw);
    if (!size) {
        BOOST_TEST((size.error().source == error_source::origin));
        return std::string(to_string(size.error().code));
    }
    if (*size == 0)
        return "more";
    const auto checked = check_response(parser.head(), error_source::origin);
    return checked ? "ok" : std::string(to_string(checked.error().code));
}

struct row {
    std::string_view raw;
    std::string_view expected;
};

const std::string nul_value = std::string("GET / HTTP/1.1\r\nHost: a\r\nX: a") + '\0' + "b\r\n\r\n";

} // namespace

BOOST_AUTO_TEST_SUITE(framing)

BOOST_AUTO_TEST_CASE(requests) {
    const std::vector<row> rows{
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"GET / HTTP/1.0\r\n\r\n", "ok"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "ok"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "ok"},
        {"POST / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING:\t CHUNKED \t\r\n\r\n", "ok"},
        // Transfer-Encoding
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "not_implemented"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "not_implemented"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "not_implemented"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "not_implemented"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "not_implemented"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;a=b\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
         "chunked\r\n\r\n",
         "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
         "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
         "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: gzip\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\n Transfer-Encoding: chunked\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", "bad_request"},
        // Content-Length
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 6\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \"5\"\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", "bad_request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n", "ok"},
        // Host
        {"GET / HTTP/1.1\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a:65535\r\n\r\n", "ok"},
        {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "ok"},
        {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: my_app.local\r\n\r\n", "ok"},
        // forms of the target
        {"GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"GET http://A:80/x HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET http://a:81/x HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET http://u:p@a/x HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "bad_request"},
        {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        // request line
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /\r\n\r\n", "bad_request"},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "bad_request"},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        // bytes above ASCII are nobody's to refuse: not encoded UTF-8, or what else a script sends
        {"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"GET /\xe4?\xff HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"GET /\xc3\xa4\x1f HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /\xc3\xa4\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET \xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET http://\xc3\xa4/ HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"G\xc3\xa4T / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET http://a#b HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET http://a/#b HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"GET /%23 HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_request"},
        {"\x16\x03\x01\x02", "bad_request"},
        {"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        // fields
        {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\tc\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "bad_request"},
        {nul_value, "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \xe4\tb\r\n\r\n", "ok"},
        // line ends
        {"GET / HTTP/1.1\nHost: a\n\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\n", "bad_request"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r", "more"},
        {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "ok"},
        {"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
        {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "bad_request"},
    };
    for (const auto& [raw, expected] : rows)
        BOOST_TEST(decision(raw) == expected, "expected " << expected << ", got " << decision(raw) << " for: " << raw);
}

BOOST_AUTO_TEST_CASE(responses) {
    const std::vector<row> rows{
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "ok"},
        {"HTTP/1.1 200 \r\n\r\n", "ok"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "ok"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "ok"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "ok"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", "ok"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "protocol_error"},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 20 OK\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 099 OK\r\n\r\n", "protocol_error"},
        {"HTTP/2.0 200 OK\r\n\r\n", "protocol_error"},
        {"ICY 200 OK\r\n\r\n", "protocol_error"},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "protocol_error"},
        {"HTTP/1.1 200 OK\nX: a\n\n", "protocol_error"},
    };
    for (const auto& [raw, expected] : rows)
        BOOST_TEST(response_verdict(raw) == expected,
                   "expected " << expected << ", got " << response_verdict(raw) << " for: " << raw);
}

BOOST_AUTO_TEST_CASE(absolute_form_gives_its_path) {
    const std::vector<std::pair<std::string_view, std::string_view>> rows{
        {"GET http://a/x/y?z=1 HTTP/1.1\r\nHost: a\r\n\r\n", "/x/y?z=1"},
        {"GET HTTPS://a:443/x HTTP/1.1\r\nHost: A\r\n\r\n", "/x"},
        {"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "/"},
        {"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "*"},
        {"GET http://a/x HTTP/1.0\r\n\r\n", "/x"},
        {"GET /x?http://b/y HTTP/1.1\r\nHost: a\r\n\r\n", "/x?http://b/y"},
    };
    for (const auto& [raw, expected] : rows) {
        request_parser parser(1024);
        BOOST_TEST_REQUIRE(parser.parse_head(raw).value() == raw.size());
        const auto checked = check_request(parser.head());
        BOOST_TEST_REQUIRE(checked.has_value());
        BOOST_TEST(checked->target == expected);
    }
}

BOOST_AUTO_TEST_CASE(guard_alone_on_heads_the_parser_would_refuse) {
    request_head head{"POST", "/", 11, {{{"Host", "a"}, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}}};
    BOOST_TEST((check_request(head).error().code == errc::bad_request));
    head.fields.items = {{"Host", "a"}, {"Content-Length", "5"}, {"content-length", "5"}};
    BOOST_TEST((check_request(head).error().code == errc::bad_request));
    head.fields.items = {{"Host", "a"}, {"Content-Length", "12a"}};
    BOOST_TEST((check_request(head).error().code == errc::bad_request));
    std::string options;
    for (int i = 0; i != 65; ++i)
        options += "x,";
    head.fields.items = {{"Host", "a"}, {"Connection", options}};
    BOOST_TEST((check_request(head).error().code == errc::bad_request));
    head.fields.items = {{"Host", "a"}, {"Connection", "keep-alive, close"}};
    BOOST_TEST(check_request(head).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
