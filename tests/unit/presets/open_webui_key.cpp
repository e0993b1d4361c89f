#include <sluice/presets/open_webui_key.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace sluice;

namespace {

std::string key(std::string_view kind, std::string_view path) {
    return std::string(presets::open_webui_key(kind, path).value_or("none"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(keys_of_open_webui)

BOOST_AUTO_TEST_CASE(of_s3_are_all_behind_the_bucket) {
    const auto s3 = [](std::string_view path) { return key("s3", path); };
    BOOST_TEST(s3("s3://media/u_a b#?%20.mp4") == "u_a b#?%20.mp4");
    BOOST_TEST(s3("s3://elsewhere/pre/fix/u_a.mp4") == "pre/fix/u_a.mp4");
    BOOST_TEST(s3("s3://media//up/u_a.mp4") == "/up/u_a.mp4");
    BOOST_TEST(s3("s3://media/a//b/") == "a//b/");
    BOOST_TEST(s3("gs://other/u_a.mp4") == "u_a.mp4"); // of before a move
    BOOST_TEST(s3("https://acct.blob.core.windows.net/files/u_a.mp4") == "files/u_a.mp4");
    BOOST_TEST(s3("s3://media/x://y/z") == "x://y/z");
    for (const auto* path : {"", "u_a.mp4", "/app/backend/data/uploads/u_a.mp4", "media/u_a.mp4", "s3://media",
                             "s3://media/", "s3:/media/a", "://"}) {
        BOOST_TEST(s3(path) == "none", path);
    }
}

BOOST_AUTO_TEST_CASE(of_gcs_are_one_segment) {
    const auto gcs = [](std::string_view path) { return key("gcs", path); };
    BOOST_TEST(gcs("gs://media/u_a b#?.mp4") == "u_a b#?.mp4");
    BOOST_TEST(gcs("gs://elsewhere/u_a.mp4") == "u_a.mp4");
    for (const auto* path :
         {"", "u_a.mp4", "gs://media", "gs://media/", "gs://media/pre/u_a.mp4", "gs://media//u_a.mp4",
          "gs://media/u_a.mp4/", "s3://media/u_a.mp4", "/data/uploads/u_a.mp4"}) {
        BOOST_TEST(gcs(path) == "none", path);
    }
}

BOOST_AUTO_TEST_CASE(of_azure_are_the_last_segment) {
    const auto azure = [](std::string_view path) { return key("azure", path); };
    BOOST_TEST(azure("https://acct.blob.core.windows.net/files/u_a b.mp4") == "u_a b.mp4");
    BOOST_TEST(azure("https://acct.blob.core.windows.net//files/u_a.mp4") == "u_a.mp4");
    BOOST_TEST(azure("https://old.example/c/pre/u_a.mp4") == "u_a.mp4");
    BOOST_TEST(azure("/app/backend/data/uploads/u_a.mp4") == "u_a.mp4");
    BOOST_TEST(azure("s3://media/u_a.mp4") == "u_a.mp4");
    BOOST_TEST(azure("u_a\\b.mp4") == "u_a\\b.mp4");
    BOOST_TEST(azure("") == "none");
    BOOST_TEST(azure("https://acct.blob.core.windows.net/files/") == "none");
}

BOOST_AUTO_TEST_CASE(of_directories_are_the_last_segment_of_a_path) {
    const auto local = [](std::string_view path) { return key("local", path); };
    BOOST_TEST(local("/app/backend/data/uploads/u_a b.mp4") == "u_a b.mp4");
    BOOST_TEST(local("/u_a.mp4") == "u_a.mp4");
    for (const auto* path : {"", "/", "/data/uploads/", "u_a.mp4", "uploads/u_a.mp4", "s3://media/u_a.mp4"}) {
        BOOST_TEST(local(path) == "none", path);
    }
}

BOOST_AUTO_TEST_CASE(of_kinds_that_the_app_does_not_have_are_none) {
    BOOST_TEST(key("swift", "s3://media/u_a.mp4") == "none");
    BOOST_TEST(key("", "/u_a.mp4") == "none");
}

BOOST_AUTO_TEST_SUITE_END()
