#include <sluice/media/cors.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using media::preflight_response_fields;

config::cors listed() {
    config::cors c;
    c.origins = {"https://app.example", "http://b:8080"};
    c.credentials = true;
    c.expose_headers = {"x-a", "etag"};
    c.max_age = 10min;
    return c;
}

config::cors anyone() {
    config::cors c;
    c.any_origin = true;
    return c;
}

std::string appended(const config::cors& c, std::string_view origin) {
    http::header_list out{{"X", "y"}};
    media::add_cors_fields(out, c, origin);
    return std::string(out.text());
}

std::string text_of(const std::optional<http::header_list>& fields) {
    return fields ? std::string(fields->text()) : "none";
}

http::field_list asks(std::string_view origin, std::string_view method,
                      std::initializer_list<std::string_view> headers = {}) {
    http::field_list fields{{{"Origin", origin}, {"Access-Control-Request-Method", method}}};
    for (const auto names : headers) {
        fields.items.push_back({"Access-Control-Request-Headers", names});
    }
    return fields;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cors)

BOOST_AUTO_TEST_CASE(answers) {
    BOOST_TEST(appended(listed(), "https://app.example") ==
               "X: y\r\nAccess-Control-Allow-Origin: https://app.example\r\nAccess-Control-Allow-Credentials: true\r\n"
               "Access-Control-Expose-Headers: Content-Range, Accept-Ranges, ETag, Content-Length, x-a\r\n"
               "Vary: Origin\r\n");
    BOOST_TEST(appended(anyone(), "https://who.ever") ==
               "X: y\r\nAccess-Control-Allow-Origin: *\r\n"
               "Access-Control-Expose-Headers: Content-Range, Accept-Ranges, ETag, Content-Length\r\n");
    // No origin, or another: only what tells caches that it counts.
    for (const auto* origin : {"", "null", "https://app.example:443", "https://app.example.evil", "https://app.exampl",
                               "HTTPS://APP.EXAMPLE", "http://app.example", "https://app.example, http://b:8080",
                               "https://app.example\r\nX: y"}) {
        BOOST_TEST(appended(listed(), origin) == "X: y\r\nVary: Origin\r\n", origin);
    }
    BOOST_TEST(appended(anyone(), "") == "X: y\r\n");
}

BOOST_AUTO_TEST_CASE(preflights) {
    const auto granted =
        preflight_response_fields(listed(), "OPTIONS", asks("http://b:8080", "GET", {"Range, X-Token"}));
    BOOST_TEST(text_of(granted) ==
               "Access-Control-Allow-Origin: http://b:8080\r\nAccess-Control-Allow-Credentials: true\r\n"
               "Access-Control-Allow-Methods: GET, HEAD\r\nAccess-Control-Allow-Headers: Range, X-Token\r\n"
               "Access-Control-Max-Age: 600\r\nVary: Origin\r\n");
    BOOST_TEST(text_of(preflight_response_fields(anyone(), "OPTIONS", asks("null", "HEAD"))) ==
               "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, HEAD\r\n"
               "Access-Control-Max-Age: 3600\r\n");
    BOOST_TEST(text_of(preflight_response_fields(listed(), "OPTIONS", asks("https://evil", "GET", {"Range"}))) ==
               "Vary: Origin\r\n");
    BOOST_TEST(text_of(preflight_response_fields(listed(), "OPTIONS", asks("null", "GET"))) == "Vary: Origin\r\n");
}

BOOST_AUTO_TEST_CASE(fields_asked_for) {
    const auto allowed = [](std::initializer_list<std::string_view> headers) {
        const auto got = preflight_response_fields(anyone(), "OPTIONS", asks("https://a", "GET", headers));
        BOOST_REQUIRE(got.has_value());
        return got->empty() ? std::string("refused") : std::string(got->value("Access-Control-Allow-Headers"));
    };
    BOOST_TEST(allowed({}) == "");
    BOOST_TEST(allowed({""}) == "");
    BOOST_TEST(allowed({"range,if-range", " authorization "}) == "range, if-range, authorization");
    BOOST_TEST(allowed({"a b"}) == "refused");
    BOOST_TEST(allowed({"range, x:y"}) == "refused");
    BOOST_TEST(allowed({"range, \"x\""}) == "refused");
    BOOST_TEST(allowed({"x\r\nSet-Cookie: a"}) == "refused");
    std::string many = "h";
    for (int i = 1; i < 20; ++i) {
        many += ", h";
    }
    BOOST_TEST(allowed({many}) == many);
    BOOST_TEST(allowed({many + ", h"}) == "refused");
    BOOST_TEST(allowed({many, "h"}) == "refused");
}

BOOST_AUTO_TEST_CASE(what_is_relayed) {
    const auto relayed = [](std::string_view method, const http::field_list& fields) {
        return !preflight_response_fields(listed(), method, fields).has_value();
    };
    const auto good = asks("http://b:8080", "GET");
    BOOST_TEST(!relayed("OPTIONS", good));
    for (const auto* method : {"GET", "HEAD", "POST", "options"}) {
        BOOST_TEST(relayed(method, good), method);
    }
    // Those are the app's to answer, as the requests would be.
    for (const auto* method : {"DELETE", "POST", "PUT", "get", ""}) {
        BOOST_TEST(relayed("OPTIONS", asks("http://b:8080", method)), method);
    }
    BOOST_TEST(relayed("OPTIONS", {{{"Origin", "http://b:8080"}}}));
    BOOST_TEST(relayed("OPTIONS", {{{"Access-Control-Request-Method", "GET"}}}));
    auto twice = good;
    twice.items.push_back({"origin", "https://app.example"});
    BOOST_TEST(relayed("OPTIONS", twice));
    twice = good;
    twice.items.push_back({"access-control-request-method", "GET"});
    BOOST_TEST(relayed("OPTIONS", twice));
    BOOST_TEST(relayed("OPTIONS", {}));
}

BOOST_AUTO_TEST_SUITE_END()
