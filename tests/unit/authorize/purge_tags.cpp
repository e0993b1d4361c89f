#include <sluice/authorize/purge_tags.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace sluice;
using namespace sluice::authorize;

protected_route route_of(bool resolves, bool names_resource) {
    protected_route r{{}, nullptr};
    r.settings.object = resolves ? "" : "{file}";
    r.subrequest_names_resource = names_resource;
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(purge_tags)

BOOST_AUTO_TEST_CASE(a_subrequests_path_is_its_own_tag) {
    BOOST_TEST(subrequest_tag("/files/17") == "/files/17");
    const std::string longest = "/" + std::string(511, 'x');
    BOOST_TEST(subrequest_tag(longest) == longest);
    BOOST_TEST(subrequest_tag(longest + "x") == request_tag(longest + "x"));
    BOOST_TEST(subrequest_tag("/a\nb") == request_tag("/a\nb"));
}

BOOST_AUTO_TEST_CASE(a_requests_path_has_a_short_tag) {
    const auto tag = request_tag("/files/17/raw");
    BOOST_TEST(tag.size() == 13U);
    BOOST_TEST(tag.front() == '#'); // what no path begins with
    BOOST_TEST(request_tag("/files/17/raw") == tag);
    BOOST_TEST(request_tag("/files/18/raw") != tag);
    BOOST_TEST(request_tag(std::string(60000, 'x')).size() == 13U);
}

BOOST_AUTO_TEST_CASE(tags_of_what_a_request_gets) {
    const auto by_request = request_tag("/m/17/raw");
    BOOST_TEST(purge_tags_of(route_of(true, true), "/f/17?x", "/m/17/raw?y") == "/f/17\n" + by_request);
    BOOST_TEST(purge_tags_of(route_of(true, false), "/may-read", "/m/17/raw") == by_request);
    BOOST_TEST(purge_tags_of(route_of(true, false), "", "/m/17/raw") == by_request); // object_header
    // The key tells the request's path.
    BOOST_TEST(purge_tags_of(route_of(false, true), "/f/17", "/m/17/raw") == "/f/17");
    BOOST_TEST(purge_tags_of(route_of(false, false), "/may-read", "/m/17/raw").empty());
}

BOOST_AUTO_TEST_SUITE_END()
