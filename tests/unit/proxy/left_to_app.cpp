#include <sluice/metrics/fallback_reason.hpp>
#include <sluice/proxy/app_copy.hpp>
#include <sluice/proxy/fall_back.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

using sluice::proxy::loggable_name;
using sluice::proxy::open_webui_copy;

namespace {

const std::string id = "0f8fad5b-d9cb-469f-a165-70867728950e";

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_left_to_app)

BOOST_AUTO_TEST_CASE(paths_that_the_app_answers_from_its_copy) {
    const std::string file = "/api/v1/files/" + id;
    for (const std::string& path :
         {file + "/content", file + "/content?attachment=1", file + "/content/html", file + "/content/a%20b.mp4?x",
          "/api/v1/files/" + id + "/%63ontent", "//api/v1/./files/" + id + "/content/"}) {
        BOOST_TEST(open_webui_copy(path).value_or("") == id, path);
    }
    for (const std::string& path :
         {std::string("/"), file, file + "/data/content", file + "/content/a/b", file + "/contents",
          "/api/v1/files/all/content?" + std::string(100, 'a'), "/x/api/v1/files/" + id + "/content",
          "/api/v1/files/" + id + "0/content", std::string("/api/v1/files/") + std::string(60, 'z') + "/content"}) {
        BOOST_TEST(!open_webui_copy(path), path);
    }
}

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

BOOST_AUTO_TEST_CASE(each_reason_has_its_own_name) {
    std::set<std::string_view> names;
    for (const auto r : sluice::metrics::fallback_reasons) {
        names.insert(to_string(r));
    }
    BOOST_TEST(names.size() == sluice::metrics::fallback_reasons.size());
}

BOOST_AUTO_TEST_SUITE_END()
