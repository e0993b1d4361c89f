#include <sluice/authorize/allow_rule.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

namespace {

using namespace sluice;
using authorize::is_allowed;

using items = std::vector<http::field_view>;

struct fixture {
    config::route plain{};
    config::route resolving{};
    config::authorize_subrequest how{};

    fixture() { resolving.resolve = config::resolve_pointers{"/path", "", "", ""}; }

    bool grants(unsigned status, items fields) const { return is_allowed(plain, how, status, {std::move(fields)}); }
    bool resolves(unsigned status, items fields) const {
        return is_allowed(resolving, how, status, {std::move(fields)});
    }
};

items typed(std::string_view type) {
    return {{"Content-Type", type}};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(leave_rule, fixture)

BOOST_AUTO_TEST_CASE(by_default_what_is_no_page) {
    BOOST_TEST(grants(200, {}));
    BOOST_TEST(grants(204, {}));
    BOOST_TEST(grants(200, typed("application/json")));
    BOOST_TEST(!grants(200, typed("Text/HTML; charset=utf-8")));
    BOOST_TEST(!grants(200, {{"Content-Type", "application/json"}, {"content-type", "text/html"}}));
    for (const unsigned status : {199U, 201U, 206U, 302U, 401U, 500U}) {
        BOOST_TEST(!grants(status, {}), status);
    }
}

BOOST_AUTO_TEST_CASE(where_the_objects_own_url_is_asked_it_is_an_object) {
    for (const auto same : {config::same_question::head, config::same_question::first_byte}) {
        how.same = same;
        const bool by_part = same == config::same_question::first_byte;
        BOOST_TEST(grants(200, typed("video/mp4")));
        BOOST_TEST(grants(206, typed("video/mp4")) == by_part);
        for (const unsigned status : {200U, 206U}) {
            BOOST_TEST(!grants(status, typed("text/html; charset=utf-8")));
            BOOST_TEST(!grants(status, {}));
            BOOST_TEST(!grants(status, typed("")));
            BOOST_TEST(!grants(status, {{"Content-Type", "video/mp4"}, {"content-type", "Text/HTML"}}));
        }
        for (const unsigned status : {201U, 204U, 302U, 304U, 401U, 405U, 416U}) {
            BOOST_TEST(!grants(status, typed("video/mp4")), status);
        }
        how.accept = {200};
        BOOST_TEST(grants(200, typed("text/html")));
        BOOST_TEST(grants(200, {}));
        BOOST_TEST(!grants(206, typed("video/mp4")));
        how.accept.clear();
    }
}

BOOST_AUTO_TEST_CASE(where_an_object_is_resolved_it_is_json) {
    for (const auto* type :
         {"application/json", "Application/JSON ; charset=utf-8", "application/vnd.api+json", "a/b+JSON"}) {
        BOOST_TEST(resolves(200, typed(type)), type);
    }
    for (const auto* type : {"text/html", "text/plain", "", "application/json5", "json", "+json", "a/+json",
                             "application/jso", "text/html; x=application/json"}) {
        BOOST_TEST(!resolves(200, typed(type)), type);
    }
    BOOST_TEST(!resolves(200, {}));
    BOOST_TEST(!resolves(204, typed("application/json")));
    BOOST_TEST(!resolves(200, {{"Content-Type", "application/json"}, {"Content-Type", "application/json"}}));
    how.accept = {201};
    BOOST_TEST(resolves(201, typed("application/json")));
    BOOST_TEST(!resolves(201, typed("text/html")));
}

BOOST_AUTO_TEST_CASE(all_that_is_required_holds) {
    how.require = {{204, 200}, "application/json", {{"x-may-read", "yes"}, {"x-other", "1"}}};
    const items good{{"X-Other", "1"}, {"Content-type", "application/json;x=y"}, {"X-May-Read", "yes"}};
    BOOST_TEST(grants(200, good));
    BOOST_TEST(resolves(200, good));
    BOOST_TEST(!grants(201, good));
    BOOST_TEST(!grants(200, {good[0], good[1]}));
    BOOST_TEST(!grants(200, {good[1], good[2]}));
    BOOST_TEST(!grants(200, {good[0], good[2]}));
    BOOST_TEST(!grants(200, {good[0], good[1], good[2], good[2]})); // twice: who says which one counts
    BOOST_TEST(!grants(200, {good[0], good[1], {"X-May-Read", "Yes"}}));
    BOOST_TEST(!grants(200, {good[0], {"Content-Type", "application/vnd+json"}, good[2]}));
    how.accept = {200, 201};
    BOOST_TEST(!grants(201, good)); // beside `accept`, not instead of it
    how.require.status.clear();
    BOOST_TEST(grants(201, good));
    BOOST_TEST(!grants(204, good));
}

BOOST_AUTO_TEST_SUITE_END()
