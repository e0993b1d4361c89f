#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace sluice::http;
using namespace std::chrono_literals;

namespace {

const std::string modified = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string after = "Sun, 06 Nov 1994 08:49:38 GMT";

std::string evaluate(const std::vector<field_view>& fields, std::string_view etag = "\"a,b\"") {
    const validators current{etag, parse_http_date(modified)};
    switch (evaluate_preconditions({fields}, current)) {
    case precondition::proceed:
        return "proceed";
    case precondition::not_modified:
        return "304";
    case precondition::failed:
        return "412";
    }
    return "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(conditional)

BOOST_AUTO_TEST_CASE(entity_tag_lists) {
    struct row {
        std::string_view list;
        std::string_view if_match;
        std::string_view if_none_match;
    };
    const std::vector<row> rows{
        {"\"a,b\"", "proceed", "304"},
        {"*", "proceed", "304"},
        {" * ", "proceed", "304"},
        {"\"x\", \"a,b\"", "proceed", "304"},
        {"\"x\",\"a,b\",\"y\"", "proceed", "304"},
        {",, \"x\" ,\t\"a,b\",", "proceed", "304"},
        {"W/\"a,b\"", "412", "304"},
        {"\"x\", W/\"a,b\"", "412", "304"},
        {"\"a\",\"b\"", "412", "proceed"},
        {"a,b", "412", "proceed"},
        {"\"a,b", "412", "proceed"},
        {"w/\"a,b\"", "412", "proceed"},
        {"\"x\" \"a,b\"", "412", "proceed"},
        {"\"x\"y, \"a,b\"", "412", "proceed"},
        {"\"\\\", \"a,b\"", "proceed", "304"}, // a backslash escapes nothing in an entity tag
        {"\"A,B\"", "412", "proceed"},
        {"", "412", "proceed"},
        {"\"a,b\", *", "proceed", "304"},
        {"*, \"x\"", "412", "proceed"},
    };
    for (const auto& row : rows) {
        BOOST_TEST(evaluate({{"If-Match", row.list}}) == row.if_match, "If-Match: " << row.list);
        BOOST_TEST(evaluate({{"If-None-Match", row.list}}) == row.if_none_match, "If-None-Match: " << row.list);
    }
    BOOST_TEST(evaluate({{"If-None-Match", "\"x\""}, {"if-none-match", "\"a,b\""}}) == "304");
    BOOST_TEST(evaluate({{"If-Match", "\"x\""}, {"if-match", "\"a,b\""}}) == "proceed");
    // what is known by a weak tag, or by none
    BOOST_TEST(evaluate({{"If-None-Match", "\"w\""}}, "W/\"w\"") == "304");
    BOOST_TEST(evaluate({{"If-Match", "W/\"w\""}}, "W/\"w\"") == "412");
    BOOST_TEST(evaluate({{"If-Match", "\"w\""}}, "") == "412");
    BOOST_TEST(evaluate({{"If-Match", "*"}}, "") == "proceed");
    BOOST_TEST(evaluate({{"If-None-Match", "\"\""}}, "") == "proceed");
}

BOOST_AUTO_TEST_CASE(dates) {
    BOOST_TEST(evaluate({}) == "proceed");
    BOOST_TEST(evaluate({{"If-Modified-Since", modified}}) == "304");
    BOOST_TEST(evaluate({{"If-Modified-Since", after}}) == "304");
    BOOST_TEST(evaluate({{"If-Modified-Since", before}}) == "proceed");
    BOOST_TEST(evaluate({{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}) == "304");
    BOOST_TEST(evaluate({{"If-Modified-Since", "yesterday"}}) == "proceed");
    BOOST_TEST(evaluate({{"If-Modified-Since", modified}, {"If-Modified-Since", modified}}) == "proceed");
    BOOST_TEST(evaluate({{"If-Unmodified-Since", modified}}) == "proceed");
    BOOST_TEST(evaluate({{"If-Unmodified-Since", after}}) == "proceed");
    BOOST_TEST(evaluate({{"If-Unmodified-Since", before}}) == "412");
    BOOST_TEST(evaluate({{"If-Unmodified-Since", "never"}}) == "proceed");
    const field_list both{{{"If-Unmodified-Since", before}, {"If-Modified-Since", after}}};
    BOOST_TEST((evaluate_preconditions(both, {"\"a\"", std::nullopt}) == precondition::proceed));
}

BOOST_AUTO_TEST_CASE(order) {
    // tags stand over dates
    BOOST_TEST(evaluate({{"If-Match", "\"a,b\""}, {"If-Unmodified-Since", before}}) == "proceed");
    BOOST_TEST(evaluate({{"If-None-Match", "\"x\""}, {"If-Modified-Since", after}}) == "proceed");
    // 412 stands over 304
    BOOST_TEST(evaluate({{"If-None-Match", "\"a,b\""}, {"If-Match", "\"x\""}}) == "412");
    BOOST_TEST(evaluate({{"If-None-Match", "\"a,b\""}, {"If-Unmodified-Since", before}}) == "412");
    // both hold: on to the second
    BOOST_TEST(evaluate({{"If-None-Match", "\"a,b\""}, {"If-Match", "\"a,b\""}}) == "304");
    BOOST_TEST(evaluate({{"If-Unmodified-Since", modified}, {"If-Modified-Since", modified}}) == "304");
}

BOOST_AUTO_TEST_CASE(if_range) {
    const auto time = parse_http_date(modified).value();
    const auto holds = [&](std::string_view value, std::string_view etag, std::chrono::seconds age) {
        return if_range_holds({{{"If-Range", value}}}, {etag, time}, time + age);
    };
    BOOST_TEST(if_range_holds({}, {}, std::nullopt));
    BOOST_TEST(holds("\"a\"", "\"a\"", 0s));
    BOOST_TEST(!holds("\"b\"", "\"a\"", 10s));
    BOOST_TEST(!holds("W/\"a\"", "\"a\"", 10s));
    BOOST_TEST(!holds("\"a\"", "W/\"a\"", 10s));
    BOOST_TEST(!holds("W/\"a\"", "W/\"a\"", 10s));
    BOOST_TEST(!holds("\"a\", \"b\"", "\"a\"", 10s));
    BOOST_TEST(!holds("*", "\"a\"", 10s));
    BOOST_TEST(!holds("", "", 10s));
    BOOST_TEST(!holds("a", "a", 10s));
    BOOST_TEST(holds(modified, "\"a\"", 1s));
    BOOST_TEST(!holds(modified, "\"a\"", 0s));
    BOOST_TEST(!holds(modified, "\"a\"", -5s));
    BOOST_TEST(!holds(before, "\"a\"", 10s));
    BOOST_TEST(!holds(after, "\"a\"", 10s)); // equal, not merely later
    BOOST_TEST(!if_range_holds({{{"If-Range", modified}}}, {"\"a\"", time}, std::nullopt));
    BOOST_TEST(!if_range_holds({{{"If-Range", modified}}}, {"\"a\"", std::nullopt}, time + 10s));
    BOOST_TEST(!if_range_holds({{{"If-Range", "\"a\""}, {"If-Range", "\"a\""}}}, {"\"a\"", time}, time));
}

BOOST_AUTO_TEST_CASE(strong_tags) {
    for (const std::string_view tag : {"\"\"", "\"a\"", "\"a,b\\\"", "\"\xc3\xa4\""})
        BOOST_TEST(is_strong_etag(tag), tag);
    for (const std::string_view tag : {"", "\"", "a", "W/\"a\"", "\"a\"b", "\"a b\"", "\"a\x01\"", "\"a\"\"", "*"})
        BOOST_TEST(!is_strong_etag(tag), tag);
}

BOOST_AUTO_TEST_SUITE_END()
