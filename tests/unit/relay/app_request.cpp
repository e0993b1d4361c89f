#include <sluice/relay/app_request.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace sluice;
using relay::carried_fields;

namespace {

http::request_head request(std::initializer_list<http::field_view> fields, unsigned version = 11) {
    http::request_head r;
    r.method = "GET";
    r.target = "/a";
    r.version = version;
    r.fields.items = fields;
    return r;
}

/// A peer without trust.
std::string replaced(const http::request_head& r, std::string_view pseudonym = {}) {
    std::string out;
    relay::append_forwarded_fields(out, {r, "192.0.2.7", false, pseudonym});
    return out;
}

/// One of `trusted_proxies`.
std::string extended(const http::request_head& r, std::string_view remote = "10.0.0.1") {
    std::string out;
    relay::append_forwarded_fields(out, {r, remote, true, {}});
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(app_requests)

BOOST_AUTO_TEST_CASE(what_a_stranger_forwards_is_replaced) {
    const auto r = request({{"Host", "a.example:8443"},
                            {"X-Forwarded-For", "1.1.1.1"},
                            {"X-Forwarded-Proto", "https"},
                            {"X-Forwarded-Host", "evil"},
                            {"X-Real-IP", "1.1.1.1"},
                            {"Forwarded", "for=1.1.1.1"}});
    BOOST_TEST(replaced(r) == "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                              "X-Forwarded-Host: a.example:8443\r\nX-Forwarded-Port: 8443\r\n"
                              "X-Real-IP: 192.0.2.7\r\n");
    const auto port = [](std::string_view host) {
        const auto out = replaced(request({{"Host", host}}));
        const auto at = out.find("X-Forwarded-Port: ") + 18;
        return out.substr(at, out.find('\r', at) - at);
    };
    BOOST_TEST(port("a") == "80");
    BOOST_TEST(port("a:") == "80");
    BOOST_TEST(port("[::1]") == "80");
    BOOST_TEST(port("[::1]:81") == "81");
    BOOST_TEST(port("") == "80");
}

BOOST_AUTO_TEST_CASE(what_a_trusted_proxy_forwards_is_extended) {
    BOOST_TEST(extended(request({{"Host", "a"},
                                 {"x-forwarded-for", "1.1.1.1"},
                                 {"X-Forwarded-For", "2.2.2.2"},
                                 {"X-Forwarded-Proto", "http"},
                                 {"X-Forwarded-Proto", "https"}, // the nearest proxy's is the last
                                 {"X-Forwarded-Host", "b"},
                                 {"X-Forwarded-Port", "443"},
                                 {"X-Real-IP", "3.3.3.3"}})) ==
               "X-Real-IP: 3.3.3.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nX-Forwarded-Port: 443\r\n"
               "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.1\r\n");
    BOOST_TEST(extended(request({{"Host", "a:81"}})) ==
               "X-Real-IP: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a:81\r\nX-Forwarded-Port: 81\r\n"
               "X-Forwarded-For: 10.0.0.1\r\n");
    // Whom the nearest proxy saw; what is no address is passed on, but is nobody's.
    BOOST_TEST(extended(request({{"X-Forwarded-For", "1.1.1.1, 2.2.2.2"}})).starts_with("X-Real-IP: 2.2.2.2\r\n"));
    BOOST_TEST(extended(request({{"X-Forwarded-For", "1.1.1.1, unknown"}})).starts_with("X-Real-IP: 10.0.0.1\r\n"));
    // RFC 7239 only where the proxy speaks it.
    BOOST_TEST(extended(request({{"Host", "a"}, {"Forwarded", "for=1.1.1.1"}}))
                   .ends_with("Forwarded: for=1.1.1.1, for=10.0.0.1;proto=http;host=\"a\"\r\n"));
    BOOST_TEST(extended(request({{"Forwarded", "for=x"}}), "fd00::1")
                   .ends_with("Forwarded: for=x, for=\"[fd00::1]\";proto=http\r\n"));
}

BOOST_AUTO_TEST_CASE(via_is_one_field_and_finds_loops) {
    const auto r = request({{"Via", "1.0 a"}, {"via", "1.1 b"}, {"Via", ""}});
    BOOST_TEST(replaced(r, "sluice-1").starts_with("Via: 1.0 a, 1.1 b, 1.1 sluice-1\r\n"));
    BOOST_TEST(replaced(request({}, 10), "sluice-1").starts_with("Via: 1.0 sluice-1\r\n"));
    BOOST_TEST(replaced(r).find("Via") == std::string::npos);
    BOOST_TEST(relay::has_looped(request({{"via", "1.1 a, 1.1 sluice-1 (x)"}}).fields, "sluice-1"));
    BOOST_TEST(!relay::has_looped(request({{"Via", "1.1 sluice-2"}}).fields, "sluice-1"));
    BOOST_TEST(!relay::has_looped(request({{"X", "sluice-1"}}).fields, "sluice-1"));
    BOOST_TEST(!relay::has_looped(r.fields, ""));
}

BOOST_AUTO_TEST_CASE(upgrades) {
    using relay::upgrade_protocols;
    const auto r = request({{"Connection", "keep-alive, Upgrade"}, {"Upgrade", "websocket, H2C"}, {"Upgrade", "x/1"}});
    BOOST_TEST(upgrade_protocols(r, false) == "websocket, x/1");
    BOOST_TEST(upgrade_protocols(r, true) == "");
    BOOST_TEST(upgrade_protocols(request({{"Upgrade", "websocket"}}), false) == "");
    BOOST_TEST(upgrade_protocols(request({{"Connection", "upgrade"}, {"Upgrade", "h2c"}}), false) == "");
    BOOST_TEST(upgrade_protocols(request({{"Connection", "upgrade"}, {"Upgrade", "websocket"}}, 10), false) == "");
}

/// The names of `names` that a request to the app carries, in one text.
std::string carried(std::initializer_list<std::string_view> names, carried_fields which, bool trusted = false) {
    static const std::vector<std::string> identity{"x-user", "if-user"};
    static const std::vector<std::string> object_headers{"x-object"};
    http::request_head r = request({{"Connection", "X-Hop, X-User"}});
    for (const auto name : names) {
        r.fields.items.push_back({name, "v"});
    }
    const relay::client_field_filter filter(r, {identity, object_headers, trusted, true}, which);
    std::string out;
    for (const auto name : names) {
        if (filter.carries(name)) {
            out.append(out.empty() ? "" : " ").append(name);
        }
    }
    return out;
}

BOOST_AUTO_TEST_CASE(fields_that_reach_the_app) {
    const auto of = [](std::initializer_list<std::string_view> names) { return carried(names, carried_fields::all); };
    BOOST_TEST(of({"Host", "Cookie", "Range", "If-Range", "X-Original-URL", "X-Forwarded-Prefix", "Expect"}) ==
               "Host Cookie Range If-Range X-Original-URL X-Forwarded-Prefix Expect");
    BOOST_TEST(of({"Content-Length", "content_length", "Connection", "X-Hop", "Transfer-Encoding", "Upgrade", "TE"}) ==
               "");
    BOOST_TEST(of({"X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "X-Object", "x_object", "Via"}) == "");
    // Who the caller is, a trusted proxy alone may say, and no Connection field takes it away.
    BOOST_TEST(of({"X-User", "x_user", "If-User"}) == "");
    BOOST_TEST(carried({"X-User", "If-User"}, carried_fields::all, true) == "X-User If-User");
}

BOOST_AUTO_TEST_CASE(fields_that_reach_the_app_with_a_subrequest) {
    const std::initializer_list<std::string_view> names{
        "Cookie",       "Range",          "If-Match",           "If-Range",       "Accept-Encoding", "Expect",
        "Content-Type", "X-Original-URL", "X-Forwarded-Prefix", "Sec-Fetch-Mode", "If-User",         "Priority"};
    BOOST_TEST(carried(names, carried_fields::for_subrequest) == "Cookie Sec-Fetch-Mode Priority");
    BOOST_TEST(carried(names, carried_fields::for_subrequest, true) ==
               "Cookie X-Forwarded-Prefix Sec-Fetch-Mode If-User Priority");
    BOOST_TEST(carried(names, carried_fields::for_preset_subrequest) == "Cookie");
    BOOST_TEST(carried(names, carried_fields::for_preset_subrequest, true) == "Cookie X-Forwarded-Prefix If-User");
    // Ranges and conditions as they came: what names no object is the app's own answer to them.
    BOOST_TEST(carried(names, carried_fields::not_steering) ==
               "Cookie Range If-Match If-Range Accept-Encoding Expect Content-Type Sec-Fetch-Mode Priority");
    BOOST_TEST(carried(names, carried_fields::not_steering, true) ==
               "Cookie Range If-Match If-Range Accept-Encoding Expect Content-Type X-Forwarded-Prefix Sec-Fetch-Mode "
               "If-User Priority");
}

BOOST_AUTO_TEST_CASE(http_1_0_expects_nothing) {
    const auto r = request({{"Expect", "100-continue"}}, 10);
    BOOST_TEST(!relay::client_field_filter(r, {{}, {}, false, false}, carried_fields::all).carries("Expect"));
    BOOST_TEST(relay::client_field_filter(r, {{}, {}, false, false}, carried_fields::all).carries("Via"));
}

BOOST_AUTO_TEST_SUITE_END()
