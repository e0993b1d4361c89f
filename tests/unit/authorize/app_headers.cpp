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
    constexpr std::array<std::string_view, 16> given{"Access-Control-Allow-Origin",
                                                     "access-control-allow-credentials",
                                                     "Vary",
                                                     "Strict-Transport-Security",
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
        const auto d = allowed_app_headers(fields({{name, "v"}}), {});
        BOOST_TEST(d.text() == std::string(name) + ": v\r\n");
        BOOST_TEST(!d.contains("Cache-Control"));
    }
    for (const auto* name : {"Set-Cookie",
                             "Content-Security-Policy",
                             "content-security-policy-report-only",
                             "Content-Type",
                             "Content-Length",
                             "Content-Disposition",
                             "Content-Encoding",
                             "ETag",
                             "Last-Modified",
                             "Date",
                             "Server",
                             "X-Process-Time",
                             "Connection",
                             "Age",
                             "Expires",
                             "Access-Control",
                             "X-Content-Type-Options",
                             "Transfer-Encoding",
                             "Location",
                             "Pragma"}) {
        BOOST_TEST(allowed_app_headers(fields({{name, "v"}}), {}).text() == "", name);
    }
    // In their order, and each as often as it came.
    BOOST_TEST(
        allowed_app_headers(fields({{"Vary", "Origin"}, {"X-A", "b"}, {"NEL", "{}"}, {"Vary", "Cookie"}}), {}).text() ==
        "Vary: Origin\r\nNEL: {}\r\nVary: Cookie\r\n");
    // What cannot be written is left out; what the connection nominates ends here.
    BOOST_TEST(allowed_app_headers(fields({{"Vary", "a\r\nX: y"}}), {}).text() == "");
    // The app compresses its JSON; of the object's bytes that says nothing.
    BOOST_TEST(allowed_app_headers(fields({{"Vary", "accept-encoding"}}), {}).text() == "");
    BOOST_TEST(allowed_app_headers(fields({{"Vary", "Origin,Accept-Encoding , Cookie"}}), {}).text() ==
               "Vary: Origin, Cookie\r\n");
    BOOST_TEST(allowed_app_headers(fields({{"Connection", "NEL"}, {"NEL", "x"}, {"Vary", "y"}}), {}).text() ==
               "Vary: y\r\n");
}

BOOST_AUTO_TEST_CASE(cors_of_the_route_stands_over_the_apps) {
    const auto answer =
        fields({{"Access-Control-Allow-Origin", "*"}, {"ACCESS-CONTROL-MAX-AGE", "1"}, {"Vary", "Origin"}});
    BOOST_TEST(allowed_app_headers(answer, {.cors_configured = true}).text() == "Vary: Origin\r\n");
    BOOST_TEST(object_response_headers(answer, {.object_headers = accel, .cors_configured = true}).text() ==
               "Vary: Origin\r\n");
    BOOST_TEST(object_response_headers(answer, {accel}).text().starts_with("Access-Control-Allow-Origin: *\r\n"));
}

BOOST_AUTO_TEST_CASE(cache_control_is_never_public) {
    const auto of = [](std::initializer_list<http::field_view> items) {
        const auto d = allowed_app_headers(fields(items), {});
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
    BOOST_TEST(!allowed_app_headers(fields({{"Vary", "x"}}), {}).contains("Cache-Control"));
    BOOST_TEST(!allowed_app_headers(fields({{"Cache-Control", "public\r\n"}}), {}).contains("Cache-Control"));
}

BOOST_AUTO_TEST_CASE(fields_that_the_route_names) {
    const std::vector<std::string> named{"content-security-policy", "x-tag", "x-send", "access-control-max-age",
                                         "cache-control"};
    const auto answer = fields({{"Content-Security-Policy", "sandbox"},
                                {"X-Tag", "1"},
                                {"x-tag", "2"},
                                {"X-Other", "3"},
                                {"X-Send", "/internal/a"},
                                {"Access-Control-Max-Age", "5"},
                                {"Cache-Control", "public"}});
    const auto text = [&answer](const authorize::app_field_rules& rules) {
        return std::string(allowed_app_headers(answer, rules).text());
    };
    BOOST_TEST(text({.object_headers = accel, .cors_configured = true, .named = named}) ==
               "Content-Security-Policy: sandbox\r\nX-Tag: 1\r\nx-tag: 2\r\nCache-Control: private, no-cache\r\n");
    // Policies of whatever is about the object itself go on without being named.
    BOOST_TEST(text({.object_headers = accel, .cors_configured = true, .has_objects_policy = true}) ==
               "Content-Security-Policy: sandbox\r\nCache-Control: private, no-cache\r\n");
    BOOST_TEST(text({.object_headers = accel, .cors_configured = true}) == "Cache-Control: private, no-cache\r\n");
}

BOOST_AUTO_TEST_CASE(what_content_a_response_has) {
    using authorize::content;
    const auto of = [](std::initializer_list<http::field_view> items, std::string_view method) {
        return authorize::content_of({200, "OK", 11, fields(items)}, method);
    };
    for (const auto* method : {"GET", "HEAD"}) {
        BOOST_TEST((of({{"content-length", "0"}}, method) == content::none));
        BOOST_TEST((of({{"Content-Length", "00"}}, method) == content::none));
        BOOST_TEST((of({{"Content-Length", "10"}}, method) == content::some));
    }
    BOOST_TEST((of({{"Transfer-Encoding", "chunked"}}, "GET") == content::unknown));
    BOOST_TEST((of({}, "GET") == content::unknown));
    BOOST_TEST((of({{"Transfer-Encoding", "chunked"}}, "HEAD") == content::none));
}

BOOST_AUTO_TEST_CASE(the_type_that_the_app_says) {
    using authorize::content;
    using config::type_from;
    const auto of = [](std::string_view type, type_from from, content has_content) {
        return std::string(authorize::object_type(fields({{"Content-Type", type}}), from, has_content));
    };
    for (const auto* page : {"text/html", "Text/HTML; charset=utf-8", "text/html ;x"}) {
        BOOST_TEST(authorize::is_page_type(page), page);
        BOOST_TEST(of(page, type_from::usual, content::none) == "", page);
        BOOST_TEST(of(page, type_from::usual, content::some) == page);
        BOOST_TEST(of(page, type_from::usual, content::unknown) == page);
        BOOST_TEST(of(page, type_from::app, content::none) == page);
        BOOST_TEST(of(page, type_from::store, content::some) == "", page);
    }
    for (const auto* type : {"video/mp4", "application/xhtml+xml", "text/htmlx", "x"}) {
        BOOST_TEST(!authorize::is_page_type(type), type);
        BOOST_TEST(of(type, type_from::usual, content::none) == type);
        BOOST_TEST(of(type, type_from::app, content::none) == type);
        BOOST_TEST(of(type, type_from::store, content::none) == "", type);
    }
    BOOST_TEST(of("", type_from::usual, content::some) == "");
    BOOST_TEST(authorize::object_type(fields({}), type_from::app, content::some) == "");
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
                                           {accel});
    BOOST_TEST(d.text() == "Content-Disposition: attachment\r\n"
                           "Cache-Control: public, max-age=60\r\nExpires: 0\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
                           "X-Process-Time: 3\r\nServer: app\r\nVary: Cookie\r\n");
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
        const auto none = object_response_headers(fields({{name, "v"}}), {accel});
        BOOST_TEST(none.text() == "", name);
        BOOST_TEST(!none.contains("Content-Disposition"));
        BOOST_TEST(!none.contains("Cache-Control"));
    }
    BOOST_TEST(object_response_headers(fields({{"Connection", "X-A"}, {"X-A", "b"}}), {accel}).text() == "");
    const auto bad = object_response_headers(fields({{"X-A", "a\r\nb"}}), {accel});
    BOOST_TEST(bad.text() == "");
}

BOOST_AUTO_TEST_SUITE_END()
