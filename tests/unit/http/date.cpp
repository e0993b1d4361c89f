#include <sluice/http/date.hpp>
#include <sluice/http/status.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>

using namespace sluice::http;
using namespace std::chrono_literals;
using std::chrono::sys_seconds;

BOOST_AUTO_TEST_SUITE(date)

BOOST_AUTO_TEST_CASE(the_three_forms) {
    const sys_seconds expected{784111777s};
    for (const std::string_view text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
        BOOST_TEST((parse_http_date(text) == expected), text);
    BOOST_TEST(format_http_date(expected) == "Sun, 06 Nov 1994 08:49:37 GMT");
    BOOST_TEST(format_http_date(sys_seconds{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
    BOOST_TEST((parse_http_date("Thu, 29 Feb 2024 23:59:59 GMT") == sys_seconds{1709251199s}));
}

BOOST_AUTO_TEST_CASE(anything_else) {
    const std::string nul("Sun, 06 Nov 1994 08:49:37 GMT\0", 30);
    for (const std::string_view text :
         {std::string_view(""), std::string_view("0"), std::string_view("784111777"),
          std::string_view("Mon, 06 Nov 1994 08:49:37 GMT"), std::string_view("Sun, 6 Nov 1994 08:49:37 GMT"),
          std::string_view("sun, 06 nov 1994 08:49:37 gmt"), std::string_view("Sun, 06 Nov 1994 08:49:37 UTC"),
          std::string_view("Sun, 06 Nov 1994 08:49:37 GMT "), std::string_view(" Sun, 06 Nov 1994 08:49:37 GMT"),
          std::string_view("Sun,  06 Nov 1994 08:49:37 GMT"), std::string_view("Sun, 06 Nov 1994 24:49:37 GMT"),
          std::string_view("Sun, 06 Nov 1994 08:60:37 GMT"), std::string_view("Thu, 30 Feb 2023 00:00:00 GMT"),
          std::string_view("Sun, 06 Nov 1994 08:49:37 +0000"), std::string_view("Sunday, 06 Nov 1994 08:49:37 GMT"),
          std::string_view("Sun, 06-Nov-94 08:49:37 GMT"), std::string_view("Sun Nov 06 08:49:37 1994"),
          std::string_view("1994-11-06T08:49:37Z"), std::string_view(nul)})
        BOOST_TEST(!parse_http_date(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(round_trip) {
    for (auto at = -2'000'000'000LL; at < 20'000'000'000LL; at += 98'765'431LL) {
        const sys_seconds time{std::chrono::seconds(at)};
        BOOST_TEST((parse_http_date(format_http_date(time)) == time), at);
    }
}

BOOST_AUTO_TEST_CASE(reasons) {
    BOOST_TEST(reason_phrase(200) == "OK");
    BOOST_TEST(reason_phrase(206) == "Partial Content");
    BOOST_TEST(reason_phrase(416) == "Range Not Satisfiable");
    BOOST_TEST(reason_phrase(431) == "Request Header Fields Too Large");
    BOOST_TEST(reason_phrase(777).empty());
    BOOST_TEST(reason_phrase(0).empty());
}

BOOST_AUTO_TEST_SUITE_END()
