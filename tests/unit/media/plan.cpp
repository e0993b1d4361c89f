#include <sluice/media/plan.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace sluice;
using namespace sluice::media;

/// What is served: 1,000 bytes, last modified a day before they were received.
representation version() {
    return {1000, "\"v1\"", "video/mp4", "Sat, 05 Nov 1994 08:49:37 GMT",
            std::chrono::sys_days(std::chrono::year(1994) / 11 / 6)};
}

std::string text_of(const plan& p) {
    std::string text = std::to_string(p.status);
    if (p.several) {
        for (const auto& part : p.several->parts) {
            text += " " + std::to_string(part.first) + "-" + std::to_string(part.last);
        }
    } else if (p.has_body) {
        text += " " + std::to_string(p.bytes.first) + "-" + std::to_string(p.bytes.last);
    }
    return text;
}

std::string planned(std::initializer_list<http::field_view> request, const representation& r = version(),
                    bool head_only = false) {
    http::field_list fields;
    fields.items = request;
    return text_of(plan_without_coding(fields, head_only, parse_requested_ranges(fields), r));
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_plan)

BOOST_AUTO_TEST_CASE(the_whole) {
    BOOST_TEST(planned({}) == "200 0-999");
    BOOST_TEST(planned({}, version(), true) == "200");
    BOOST_TEST(planned({{"Range", "bytes=5-3"}}) == "200 0-999");
    BOOST_TEST(planned({{"Range", "bytes=1-2"}}, version(), true) == "200"); // defined for GET alone
    auto empty = version();
    empty.size = 0;
    BOOST_TEST(planned({}, empty) == "200");
    BOOST_TEST(planned({{"Range", "bytes=0-"}}, empty) == "416");
    BOOST_TEST(planned({{"Range", "bytes=0-0,-1"}}, empty) == "416");
}

BOOST_AUTO_TEST_CASE(single_ranges) {
    BOOST_TEST(planned({{"Range", "bytes=100-199"}}) == "206 100-199");
    BOOST_TEST(planned({{"Range", "bytes=900-5000"}}) == "206 900-999");
    BOOST_TEST(planned({{"Range", "bytes=-100"}}) == "206 900-999");
    BOOST_TEST(planned({{"Range", "bytes=1000-"}}) == "416");
}

BOOST_AUTO_TEST_CASE(several_ranges) {
    BOOST_TEST(planned({{"Range", "bytes=5-6,1-2"}}) == "206 5-6 1-2");
    BOOST_TEST(planned({{"Range", "bytes=1-5,3-9"}}) == "206 1-9"); // what comes to one is no multipart
    BOOST_TEST(planned({{"Range", "bytes=1000-,5-6"}}) == "206 5-6");
    BOOST_TEST(planned({{"Range", "bytes=1000-,2000-"}}) == "416");
    std::string many = "bytes=0-0";
    for (int i = 1; i < 17; ++i) {
        many += "," + std::to_string(i * 10) + "-" + std::to_string(i * 10);
    }
    BOOST_TEST(planned({{"Range", many}}) == "200 0-999");
}

BOOST_AUTO_TEST_CASE(conditions_come_before_the_range) {
    const http::field_view range{"Range", "bytes=0-9"};
    BOOST_TEST(planned({range, {"If-None-Match", "W/\"v1\""}}) == "304");
    BOOST_TEST(planned({range, {"If-Match", "\"v0\""}}) == "412");
    BOOST_TEST(planned({{"Range", "bytes=5000-"}, {"If-Match", "\"v0\""}}) == "412");
    BOOST_TEST(planned({range, {"If-Modified-Since", "Sat, 05 Nov 1994 08:49:37 GMT"}}) == "304");
    BOOST_TEST(planned({range, {"If-Unmodified-Since", "Sat, 05 Nov 1994 08:49:36 GMT"}}) == "412");
    BOOST_TEST(planned({range, {"If-None-Match", "\"v0\""}}) == "206 0-9");
}

BOOST_AUTO_TEST_CASE(ranges_of_another_version_are_ignored) {
    const http::field_view range{"Range", "bytes=0-9"};
    BOOST_TEST(planned({range, {"If-Range", "\"v1\""}}) == "206 0-9");
    BOOST_TEST(planned({range, {"If-Range", "\"v0\""}}) == "200 0-999");
    BOOST_TEST(planned({{"Range", "bytes=5000-"}, {"If-Range", "\"v0\""}}) == "200 0-999");
    BOOST_TEST(planned({{"Range", "bytes=0-1,5-6"}, {"If-Range", "\"v0\""}}) == "200 0-999");
    const http::field_view date{"If-Range", "Sat, 05 Nov 1994 08:49:37 GMT"};
    BOOST_TEST(planned({range, date}) == "206 0-9");
    auto just_modified = version(); // received within the second in which it was modified: the date is weak
    just_modified.received = std::chrono::sys_days(std::chrono::year(1994) / 11 / 5) + std::chrono::hours(8) +
                             std::chrono::minutes(49) + std::chrono::seconds(37);
    BOOST_TEST(planned({range, date}, just_modified) == "200 0-999");
}

BOOST_AUTO_TEST_SUITE_END()
