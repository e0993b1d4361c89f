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

BOOST_AUTO_TEST_CASE(values_that_do_not_fit_match_nothing) {
    std::vector<media::media_route> routes;
    routes.push_back(route_of("/m/{id}.mp4"));
    routes.back().subrequest = config::parse_subrequest("/may/{id[0:2]}?f={query.f}", {"id"}).value();
    routes.back().settings.query_captures = {"f"};
    routes.back().is_selective = media::is_selective(routes.back());
    BOOST_TEST(routes.back().is_selective);
    routes.push_back(route_of("/m/{rest*}", config::query_policy::any));
    BOOST_TEST(!media::is_selective(routes.back()));
    const auto index = [&routes](std::string_view target) {
        const auto found = find_route(routes, target).route;
        return found == nullptr ? -1 : static_cast<int>(found - routes.data());
    };
    BOOST_TEST(index("/m/abc.mp4?f=a") == 0);
    for (const auto* target : {"/m/abc.mp4", "/m/a.mp4?f=a", "/m/abc.mp4?f=a&f=a", "/m/abc.mp4?f=..",
                               "/m/abc.mp4?f=%00", "/m/...mp4?f=a", "/m/abc.mp4?f=a&x=1"}) {
        BOOST_TEST(index(target) == 1, target);
    }
    const std::string target("/m/abc.mp4?f=a");
    const auto match = find_route(routes, target);
    BOOST_TEST_REQUIRE(match.captures.size() == 2U);
    BOOST_TEST(match.captures.back().raw == "a");
    BOOST_TEST(match.query == "f=a");
}

BOOST_AUTO_TEST_CASE(routes_of_hosts) {
    std::vector<media::media_route> routes;
    for (const auto* host : {"a.example", "b.example"}) {
        routes.push_back(route_of("/m/{file}"));
        routes.back().settings.hosts = {host};
        routes.back().hosts_of_all = {"a.example", "b.example"};
    }
    const auto index = [&routes](const std::string& host) {
        const auto found = find_route(routes, "/m/a", [&host] { return request_hosts{host}; }).route;
        return found == nullptr ? -1 : static_cast<int>(found - routes.data());
    };
    BOOST_TEST(index("a.example") == 0);
    BOOST_TEST(index("b.example") == 1);
    BOOST_TEST(index("c.example") == -1);
    BOOST_TEST((find_route(routes, "/m/a").route == nullptr));
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
