#include <sluice/proxy/router.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::proxy;

media::media_route route_of(const std::string& path, config::query_policy query = config::query_policy::none) {
    media::media_route r{{{}, nullptr}, media::path_template(path), nullptr, {}};
    r.settings.query = query;
    return r;
}

http::request_head head_of(std::string_view method, std::string_view field = {}) {
    http::request_head head;
    head.method = method;
    if (!field.empty()) {
        head.fields.items.push_back({field, "x"});
    }
    return head;
}

} // namespace

BOOST_AUTO_TEST_SUITE(routing)

BOOST_AUTO_TEST_CASE(the_first_route_that_takes_path_and_query) {
    std::vector<media::media_route> routes;
    routes.push_back(route_of("/m/{file}"));
    routes.push_back(route_of("/m/{file*}", config::query_policy::any));
    const auto index = [&routes](std::string_view target) {
        const auto found = find_route(routes, target).route;
        return found == nullptr ? -1 : static_cast<int>(found - routes.data());
    };
    BOOST_TEST(index("/m/a") == 0);
    BOOST_TEST(index("/m/a?x") == 1);
    BOOST_TEST(index("/m/a/b") == 1);
    BOOST_TEST(index("/other") == -1);
    BOOST_TEST(index("/m/../m/a") == -1); // the app may read another path in it
    const std::string target("/m/a%20b");
    const auto match = find_route(routes, target);
    BOOST_TEST_REQUIRE(match.captures.size() == 1U);
    BOOST_TEST(match.captures.front().name == "file");
    BOOST_TEST(match.captures.front().raw == "a%20b");
}

BOOST_AUTO_TEST_CASE(what_may_be_a_media_request) {
    BOOST_TEST(is_media_request(head_of("GET"), false));
    BOOST_TEST(is_media_request(head_of("HEAD", "Range"), false));
    BOOST_TEST(!is_media_request(head_of("GET"), true));
    BOOST_TEST(!is_media_request(head_of("POST"), false));
    BOOST_TEST(!is_media_request(head_of("get"), false));
    BOOST_TEST(!is_media_request(head_of("GET", "Upgrade"), false));
    BOOST_TEST(!is_media_request(head_of("GET", "expect"), false));
}

BOOST_AUTO_TEST_CASE(nothing_is_serialized_without_a_preset) {
    std::vector<media::media_route> routes;
    routes.push_back(route_of("/m/{file}"));
    BOOST_TEST((find_serialized(routes, "GET", "/m/a", false).route == nullptr));
    BOOST_TEST((route_of_preset(routes) == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
