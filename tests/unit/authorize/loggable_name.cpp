#include <sluice/authorize/resolve_object.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using sluice::authorize::loggable_name;

BOOST_AUTO_TEST_SUITE(authorize_loggable_name)

BOOST_AUTO_TEST_CASE(names_in_the_log_have_no_query_and_no_user) {
    BOOST_TEST(loggable_name("s3://bucket/a/b@c.mp4") == "s3://bucket/a/b@c.mp4");
    BOOST_TEST(loggable_name("https://a.example/c/k?sig=secret") == "https://a.example/c/k");
    BOOST_TEST(loggable_name("https://me:secret@a.example/c") == "https://a.example/c");
    BOOST_TEST(loggable_name("https://me:secret@a.example") == "https://a.example");
    BOOST_TEST(loggable_name("/data/me@home") == "/data/me@home");
    BOOST_TEST(loggable_name("") == "");
    BOOST_TEST(loggable_name(std::string(1000, 'a')).size() == 256U);
    std::string umlauts = "a";
    for (int i = 0; i < 1000; ++i) {
        umlauts += "\u00fc";
    }
    BOOST_TEST(loggable_name(umlauts) == umlauts.substr(0, 255));
}

BOOST_AUTO_TEST_SUITE_END()
