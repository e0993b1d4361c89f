#include <sluice/authorize/app_headers.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace sluice;
using authorize::allowed_app_headers;
using authorize::object_response_headers;

/// Fields from a list of name and value.
http::field_list fields(std::initializer_list<http::field_view> items) {
    return {std::vector<http::field_view>(items)};
}

const std::vector<std::string> accel{"x-accel-redirect", "x-send"};

} // namespace

BOOST_AUTO_TEST_SUITE(app_headers)

BOOST_AUTO_TEST_CASE(middleware_fields) {
    constexpr std::array<std::string_view, 18> given{"Access-Control-Allow-Origin",
                                                     "access-control-allow-credentials",
                                                     "Vary",
                                                     "Strict-Transport-Security",
                                                     "Content-Security-Policy",
                                                     "content-security-policy-report-only",
                                                     "Cross-Origin-Opener-Policy",
                                                     "Cross-Origin-Embedder-Policy",
                                                     "Cross-Origin-Resource-Policy",
                                                     "Permissions-Policy",
                                                     "Referrer-Policy",
                                                     "X-Frame-Options",
                                                     "X-XSS-Protection",
                                                     "X-Permitted-Cross-Domain-Policies",
                                                     "X-Download-Options",
                                                     "Reporting-Endpoints",
                                                     "NEL",
                                                     "Report-To"};
    for (const auto name : given) {
        const auto d = allowed_app_headers(fields({{name, "v"}}), false);
        BOOST_TEST(d.text() == std::string(name) + ": v\r\n");
        BOOST_TEST(!d.contains("Cache-Control"));
    }
    for (const auto* name :
         {"Set-Cookie", "Content-Type", "Content-Length", "Content-Disposition", "Content-Encoding", "ETag",
          "Last-Modified", "Date", "Server", "X-Process-Time", "Connection", "Age", "Expires", "Access-Control",
          "X-Content-Type-Options", "Transfer-Encoding", "Location", "Pragma"}) {
        BOOST_TEST(allowed_app_headers(fields({{name, "v"}}), false).text() == "", name);
    }
    // In their order, and each as often as it came.
    BOOST_TEST(allowed_app_headers(fields({{"Vary", "Origin"}, {"X-A", "b"}, {"NEL", "{}"}, {"Vary", "Cookie"}}), false)
                   .text() == "Vary: Origin\r\nNEL: {}\r\nVary: Cookie\r\n");
    // What cannot be written is left out; what the connection nominates ends here.
    BOOST_TEST(allowed_app_headers(fields({{"Vary", "a\r\nX: y"}}), false).text() == "");
    // The app compresses its JSON; of the object's bytes that says nothing.
    BOOST_TEST(allowed_app_headers(fields({{"Vary", "accept-encoding"}}), false).text() == "");
    BOOST_TEST(allowed_app_headers(fields({{"Vary", "Origin,Accept-Encoding , Cookie"}}), false).text() ==
               "Vary: Origin, Cookie\r\n");
    BOOST_TEST(allowed_app_headers(fields({{"Connection", "NEL"}, {"NEL", "x"}, {"Vary", "y"}}), false).text() ==
               "Vary: y\r\n");
}

BOOST_AUTO_TEST_CASE(cors_of_the_route_stands_over_the_apps) {
    const auto answer =
        fields({{"Access-Control-Allow-Origin", "*"}, {"ACCESS-CONTROL-MAX-AGE", "1"}, {"Vary", "Origin"}});
    BOOST_TEST(allowed_app_headers(answer, true).text() == "Vary: Origin\r\n");
    BOOST_TEST(object_response_headers(answer, accel, true).text() == "Vary: Origin\r\n");
    BOOST_TEST(object_response_headers(answer, accel, false).text().starts_with("Access-Control-Allow-Origin: *\r\n"));
}

BOOST_AUTO_TEST_CASE(cache_control_is_never_public) {
    const auto of = [](std::initializer_list<http::field_view> items) {
        const auto d = allowed_app_headers(fields(items), false);
        BOOST_TEST(d.contains("Cache-Control"));
        return std::string(d.text());
    };
    BOOST_TEST(of({{"Cache-Control", "private, max-age=60"}}) == "Cache-Control: private, max-age=60\r\n");
    BOOST_TEST(of({{"cache-control", "no-store"}}) == "cache-control: no-store\r\n");
    BOOST_TEST(of({{"Cache-Control", "max-age=5"}, {"Cache-Control", "private"}}) ==
               "Cache-Control: max-age=5\r\nCache-Control: private\r\n");
    const std::string instead = "Cache-Control: private, no-cache\r\n";
    for (const auto* value : {"public", "Public", "max-age=60, public", "public,max-age=60", " public ", "s-maxage=60",
                              "private, S-MaxAge=1", "public=1", "a=\"b, c\", public"}) {
        BOOST_TEST(of({{"Cache-Control", value}}) == instead, value);
    }
    BOOST_TEST(of({{"Cache-Control", "private"}, {"Cache-Control", "public"}}) == instead);
    BOOST_TEST(of({{"Cache-Control", "ext=\"a, public\""}}) == "Cache-Control: ext=\"a, public\"\r\n"); // quoted
    BOOST_TEST(of({{"Cache-Control", "x-public, public-x"}}) == "Cache-Control: x-public, public-x\r\n");
    BOOST_TEST(!allowed_app_headers(fields({{"Vary", "x"}}), false).contains("Cache-Control"));
    BOOST_TEST(!allowed_app_headers(fields({{"Cache-Control", "public\r\n"}}), false).contains("Cache-Control"));
}

BOOST_AUTO_TEST_CASE(cookies) {
    BOOST_TEST(
        authorize::set_cookie_headers(fields({{"Set-Cookie", "a=b"}, {"Vary", "x"}, {"set-cookie", "c=d; Path=/"}}))
            .text() == "Set-Cookie: a=b\r\nset-cookie: c=d; Path=/\r\n");
    BOOST_TEST(authorize::set_cookie_headers(fields({{"Set-Cookie", "a\nb"}, {"Set-Cookie2", "a"}})).empty());
}

BOOST_AUTO_TEST_CASE(answers_that_name_an_object) {
    const auto d = object_response_headers(fields({{"Content-Type", "video/mp4"},
                                                   {"Content-Disposition", "attachment"},
                                                   {"Cache-Control", "public, max-age=60"},
                                                   {"Expires", "0"},
                                                   {"Set-Cookie", "a=b"},
                                                   {"Set-Cookie", "c=d"},
                                                   {"X-Process-Time", "3"},
                                                   {"Server", "app"},
                                                   {"Vary", "Cookie"}}),
                                           accel, false);
    BOOST_TEST(d.text() == "Content-Type: video/mp4\r\nContent-Disposition: attachment\r\n"
                           "Cache-Control: public, max-age=60\r\nExpires: 0\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
                           "X-Process-Time: 3\r\nServer: app\r\nVary: Cookie\r\n");
    BOOST_TEST(d.contains("Content-Type"));
    BOOST_TEST(d.contains("Content-Disposition"));
    BOOST_TEST(d.contains("Cache-Control"));
    for (const auto* name : {"Content-Length",
                             "content-length",
                             "Content_Length",
                             "Content-Range",
                             "Content-Encoding",
                             "Content-MD5",
                             "Content-Digest",
                             "Repr-Digest",
                             "Digest",
                             "Transfer-Encoding",
                             "ETag",
                             "Last-Modified",
                             "Accept-Ranges",
                             "Date",
                             "X-Content-Type-Options",
                             "Connection",
                             "Keep-Alive",
                             "Proxy-Connection",
                             "Upgrade",
                             "Trailer",
                             "TE",
                             "X-Accel-Redirect",
                             "x-accel-redirect",
                             "X_Accel_Redirect",
                             "X-Send"}) {
        const auto none = object_response_headers(fields({{name, "v"}}), accel, false);
        BOOST_TEST(none.text() == "", name);
        BOOST_TEST(!none.contains("Content-Type"));
        BOOST_TEST(!none.contains("Content-Disposition"));
        BOOST_TEST(!none.contains("Cache-Control"));
    }
    BOOST_TEST(object_response_headers(fields({{"Connection", "X-A"}, {"X-A", "b"}}), accel, false).text() == "");
    const auto bad = object_response_headers(fields({{"Content-Type", "a\r\nb"}}), accel, false);
    BOOST_TEST(bad.text() == "");
    BOOST_TEST(!bad.contains("Content-Type"));
}

BOOST_AUTO_TEST_SUITE_END()
