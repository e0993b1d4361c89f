#include <sluice/proxy/location.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <string>

namespace {

using sluice::proxy::own_target;

std::string of(std::string_view location, std::string_view target = "/a/b?x=1") {
    const std::array<std::string_view, 3> hosts{"App.example:8080", "", "outer.example"};
    return own_target(location, hosts, target).value_or("none");
}

} // namespace

BOOST_AUTO_TEST_SUITE(location)

BOOST_AUTO_TEST_CASE(a_location_with_the_requests_own_host) {
    BOOST_TEST(of("/media/1") == "/media/1");
    BOOST_TEST(of("/media/a%20b?v=2#t") == "/media/a%20b?v=2");
    BOOST_TEST(of("http://app.EXAMPLE:8080/media/1") == "/media/1");
    BOOST_TEST(of("https://app.example:8080/media/1") == "/media/1"); // TLS ends before us
    BOOST_TEST(of("//app.example:8080/media/1?x") == "/media/1?x");
    BOOST_TEST(of("https://outer.example/media/1") == "/media/1"); // as a trusted proxy calls it
    BOOST_TEST(of("http://outer.example:80/media/1") == "/media/1");
    BOOST_TEST(of("https://outer.example:443/media/1") == "/media/1");
    BOOST_TEST(of("http://outer.example") == "/");
    BOOST_TEST(of("http://outer.example?x") == "/?x");
}

BOOST_AUTO_TEST_CASE(a_location_elsewhere) {
    for (const auto* location :
         {"http://other.example/media/1", "//other.example/media/1", "http://app.example/media/1",
          "http://app.example:8081/media/1", "http://app.example:8080.other/media/1", "https:///media/1",
          "ftp://outer.example/media/1", "mailto:a@b", "http://app.example:8080@other.example/media/1", "",
          "http://outer.example/a b", "javascript:1", "s3://bucket/key"}) {
        BOOST_TEST(of(location) == "none", location);
    }
    BOOST_TEST(of("/" + std::string(20000, 'a')) == "none");
    BOOST_TEST(!own_target("http:///x", {}, "/").has_value());
}

BOOST_AUTO_TEST_CASE(a_relative_location) {
    BOOST_TEST(of("c") == "/a/c");
    BOOST_TEST(of("../c?y") == "/c?y");
    BOOST_TEST(of("?y") == "/a/b");
    BOOST_TEST(of("#part") == "/a/b");
    BOOST_TEST(of("./") == "/a/");
    BOOST_TEST(of("/x", "*") == "/x");
    BOOST_TEST(of("x", "*") == "/x");
    BOOST_TEST(of("x", "/a b/c") == "none"); // no base to begin with
}

BOOST_AUTO_TEST_SUITE_END()
