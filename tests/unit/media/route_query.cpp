#include <sluice/media/route_query.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::media;

config::route with_query(config::query_policy policy, std::vector<std::string> names = {}) {
    config::route r;
    r.query = policy;
    r.query_names = std::move(names);
    return r;
}

/// The values that were taken, each after a space; or "none".
std::string taken(const std::vector<std::string>& names, std::string_view query) {
    std::vector<capture> captures;
    if (!take_query_captures(names, query, captures)) {
        return "none";
    }
    std::string all;
    for (const auto& c : captures) {
        all.append(" ").append(c.raw);
    }
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_query)

BOOST_AUTO_TEST_CASE(queries) {
    using config::query_policy;
    const auto none = with_query(query_policy::none);
    BOOST_TEST(query_allowed(none, "", false));
    BOOST_TEST(!query_allowed(none, "", true)); // a bare `?`
    BOOST_TEST(!query_allowed(none, "a=b", true));
    const auto any = with_query(query_policy::any);
    BOOST_TEST(query_allowed(any, "", false));
    BOOST_TEST(query_allowed(any, "a=b&%zz", true));
    const auto named = with_query(query_policy::named, {"v", "w"});
    for (const auto* query : {"", "v", "v=", "v=1", "w=2&v=1", "v=1&v=2", "v=a=b"}) {
        BOOST_TEST(query_allowed(named, query, true), query);
    }
    BOOST_TEST(query_allowed(named, "", false));
    for (const auto* query : {"x", "x=1", "v=1&x=2", "V=1", "%76=1", "vv=1", "=1", "v=1;x=2&x", "&", "v=1&&w=2"}) {
        BOOST_TEST(!query_allowed(named, query, true), query);
    }
}

BOOST_AUTO_TEST_CASE(captured_and_forwarded_parameters_are_allowed) {
    auto r = with_query(config::query_policy::none);
    r.query_captures = {"path"};
    BOOST_TEST(query_allowed(r, "path=a", true));
    BOOST_TEST(query_allowed(r, "p%61th=a", true));
    BOOST_TEST(!query_allowed(r, "path=a&x=1", true));
    r.query = config::query_policy::named;
    r.query_names = {"x"};
    BOOST_TEST(query_allowed(r, "path=a&x=1", true));
    BOOST_TEST(!query_allowed(r, "path=a&%78=1", true));
    config::authorize_subrequest how;
    how.forward_query = {"token"};
    auto forwards = with_query(config::query_policy::none);
    forwards.authorize = how;
    BOOST_TEST(query_allowed(forwards, "token=1&token=2", true));
    BOOST_TEST(query_allowed(forwards, "", false));
    BOOST_TEST(!query_allowed(forwards, "token=1&x", true));
    forwards.query = config::query_policy::any;
    BOOST_TEST(query_allowed(forwards, "token=1&x", true));
    BOOST_TEST(!query_allowed(forwards, "token=1;x=2", true)); // to some apps `;` is `&`
}

BOOST_AUTO_TEST_CASE(captures_of_the_query) {
    BOOST_TEST(taken({}, "a=b;c") == "");
    BOOST_TEST(taken({"p"}, "p=a%2Fb+c") == " a%2Fb+c");
    BOOST_TEST(taken({"p"}, "x=1&p=a=b&y") == " a=b");
    BOOST_TEST(taken({"p", "q"}, "q=2&p=1") == " 1 2");
    BOOST_TEST(taken({"path"}, "p%61th=a") == " a"); // as the app reads it
    for (const auto* query : {"", "x=1", "p", "p=", "pp=1", "=1", "p%20=1", "p=1;q=2", "x=1;p=2&p=1"}) {
        BOOST_TEST(taken({"p"}, query) == "none", query);
    }
}

BOOST_AUTO_TEST_CASE(a_capture_that_is_there_twice_in_any_spelling) {
    for (const auto* again : {"path", "p%61th", "%70%61%74%68", "Path", "PATH", "p%41th", "path[]", "path%5B%5D",
                              "path[x]", "+path", "%20path", "path%00", "path%00x"}) {
        for (const auto* value : {"=a", "=b", "=", ""}) {
            BOOST_TEST(taken({"path"}, "path=a&" + std::string(again) + value) == "none", again << value);
            BOOST_TEST(taken({"path"}, std::string(again) + value + "&path=a") == "none", again << value);
        }
    }
    BOOST_TEST(taken({"file_uri"}, "file_uri=a&file.uri=b") == "none");
    BOOST_TEST(taken({"file_uri"}, "file_uri=a&file+uri=b") == "none");
    BOOST_TEST(taken({"path"}, "path=a&p%zzath=b") == " a"); // which is no spelling of it
    for (const auto* other : {"Path=a", "path[]=a", "+path=a"}) {
        BOOST_TEST(taken({"path"}, other) == "none", other);
    }
}

BOOST_AUTO_TEST_CASE(forwarded) {
    BOOST_TEST(forwarded_query({}, "a=1") == "");
    BOOST_TEST(forwarded_query({"t"}, "a=1") == "");
    BOOST_TEST(forwarded_query({"t", "u"}, "u=%zz+1&a=2&t=1&t") == "u=%zz+1&t=1&t");
    BOOST_TEST(forwarded_query({"token"}, "t%6Fken=1&Token=2") == "t%6Fken=1");
}

BOOST_AUTO_TEST_SUITE_END()
