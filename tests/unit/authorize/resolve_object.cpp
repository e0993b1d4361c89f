#include <sluice/authorize/resolve_object.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace sluice;
using namespace sluice::authorize;
using metrics::fallback_reason;

protected_route route_with_store() {
    protected_route r{{}, nullptr};
    r.locations.push_back({"main", "s3", {"s3://media/"}, "s3://media/up/", "up/", config::key_form::flat});
    return r;
}

json_pointer_reader response(const std::string& json) {
    json_pointer_reader values({"/path", "/type", "/name", "", "", "/version"});
    BOOST_TEST_REQUIRE(values.feed(json).has_value());
    BOOST_TEST_REQUIRE(values.finish().has_value());
    return values;
}

} // namespace

BOOST_AUTO_TEST_SUITE(resolving)

BOOST_AUTO_TEST_CASE(an_object_that_can_be_served) {
    authorization a;
    const auto why = resolve_object(a, route_with_store(), "/f/1",
                                    response(R"({"path":"s3://media/up/a.mp4","type":"video/mp4","name":"A b.mp4"})"));
    BOOST_TEST(!why.has_value());
    BOOST_TEST(a.store.value() == 0U);
    BOOST_TEST(a.key == "up/a.mp4");
    BOOST_TEST(a.content_type == "video/mp4");
    BOOST_TEST(a.filename == "A b.mp4");
    BOOST_TEST(!a.must_serialize);
}

BOOST_AUTO_TEST_CASE(an_object_by_its_url) {
    auto route = route_with_store();
    route.locations.front().places.push_back({{false, "minio", 9000, "/media"}, false});
    authorization a;
    BOOST_TEST(!resolve_object(a, route, "/f/1", response(R"({"path":"http://MINIO:9000/media/up/a%20b.mp4?x=1"})")));
    BOOST_TEST(a.key == "up/a b.mp4");
    authorization b;
    BOOST_TEST((resolve_object(b, route, "/f/1", response(R"({"path":"http://minio:9000/media/a.mp4?x=1"})")) ==
                fallback_reason::not_ours));
    BOOST_TEST(b.key == "http://minio:9000/media/a.mp4"); // as it may be logged
}

BOOST_AUTO_TEST_CASE(a_missing_type_or_name_is_the_stores_own) {
    authorization a;
    BOOST_TEST(!resolve_object(a, route_with_store(), "/f/1", response(R"({"path":"s3://media/up/a","type":null})")));
    BOOST_TEST(a.content_type == "");
    BOOST_TEST(a.filename == "");
    authorization b;
    BOOST_TEST(!resolve_object(b, route_with_store(), "/f/1",
                               response(R"({"path":"s3://media/up/a","type":"video/mp4\r\nX: y"})")));
    BOOST_TEST(b.content_type == ""); // no field value
}

BOOST_AUTO_TEST_CASE(why_an_object_cannot_be_served) {
    const auto why = [](const protected_route& route, const std::string& json) {
        authorization a;
        const auto reason = resolve_object(a, route, "/f/1", response(json));
        BOOST_TEST(!a.store.has_value());
        return reason;
    };
    const auto route = route_with_store();
    BOOST_TEST((why(route, "{}") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":null})") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":["s3://media/up/a"]})") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":"s3://media/up/a","type":7})") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":"s3://media/up/a","name":{}})") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":"s3://media/up/a","version":{}})") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":"s3://media/up/a","version":true})") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":7})") == fallback_reason::unresolved));
    BOOST_TEST((why(route, R"({"path":"s3://other/up/a"})") == fallback_reason::not_ours));
    BOOST_TEST((why(route, R"({"path":"s3://media/outside"})") == fallback_reason::not_ours));
    BOOST_TEST((why({{}, nullptr}, R"({"path":"s3://media/up/a"})") == fallback_reason::no_store));
}

BOOST_AUTO_TEST_CASE(a_version_is_a_text_or_a_number) {
    const auto version = [](const std::string& said) {
        authorization a;
        BOOST_TEST(
            !resolve_object(a, route_with_store(), "/f/1", response(R"({"path":"s3://media/up/a")" + said + "}")));
        return a.version;
    };
    BOOST_TEST(version("") == 0U);
    BOOST_TEST(version(R"(,"version":null)") == 0U);
    BOOST_TEST(version(R"(,"version":"")") == 0U);
    const auto one = version(R"(,"version":1)");
    BOOST_TEST(one != 0U);
    BOOST_TEST(version(R"(,"version":1 )") == one);
    BOOST_TEST(version(R"(,"version":"1")") == one);
    BOOST_TEST(version(R"(,"version":2)") != one);
    BOOST_TEST(version(R"(,"version":1.5)") != one);
    BOOST_TEST(version(R"(,"version":"2024-01-02T03:04:05Z")") != version(R"(,"version":"2024-01-02T03:04:06Z")"));
}

BOOST_AUTO_TEST_CASE(what_was_named_is_kept_for_the_log) {
    authorization a;
    const auto why =
        resolve_object(a, route_with_store(), "/f/1", response(R"({"path":"https://u:p@host/b/k?sig=x"})"));
    BOOST_TEST((why == fallback_reason::not_ours));
    BOOST_TEST(a.key == "https://host/b/k");
}

BOOST_AUTO_TEST_SUITE_END()
