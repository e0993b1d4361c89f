#include <sluice/http/target.hpp>

#include <boost/test/unit_test.hpp>

#include <string_view>

using namespace sluice;
using namespace sluice::http;

BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(split) {
    const auto plain = split_target("/a");
    BOOST_TEST((plain.path == "/a" && plain.query.empty() && !plain.has_query));
    const auto bare = split_target("/a?");
    BOOST_TEST((bare.path == "/a" && bare.query.empty() && bare.has_query));
    const auto full = split_target("/a?b?c=%2f");
    BOOST_TEST((full.path == "/a" && full.query == "b?c=%2f" && full.has_query));
}

BOOST_AUTO_TEST_CASE(media_safe) {
    for (const std::string_view path : {"/",
                                        "/a",
                                        "/a/",
                                        "/a/b.c",
                                        "/.a",
                                        "/a.",
                                        "/...",
                                        "/..a/b",
                                        "/a..",
                                        "/%2e%2e%2e",
                                        "/a%20b",
                                        "/%C3%A4",
                                        "/%f0%9f%8e%ac",
                                        "/a%25b",
                                        "/a%252Fb",
                                        "/a%3Fb",
                                        "/a:b@c!$&'()*+,=~",
                                        "/a%2Eb",
                                        "/a|b^c`{}\"<>",
                                        "/%C2%A0"})
        BOOST_TEST(is_media_safe_path(path), path);
    const std::string nul("/a\0b", 4);
    for (const std::string_view path : std::vector<std::string_view>{"",
                                                                     "a",
                                                                     "*",
                                                                     "//",
                                                                     "//a",
                                                                     "/a//b",
                                                                     "/a//",
                                                                     "/a/./b",
                                                                     "/a/.",
                                                                     "/.",
                                                                     "/..",
                                                                     "/a/../b",
                                                                     "/a/..",
                                                                     "/%2e",
                                                                     "/%2E%2e/a",
                                                                     "/.%2e",
                                                                     "/%2e./a",
                                                                     "/a/%2e%2E",
                                                                     "/a%2Fb",
                                                                     "/a%2fb",
                                                                     "/a%5Cb",
                                                                     "/a%5cb",
                                                                     "/a\\b",
                                                                     "/a;b",
                                                                     "/a%3Bb",
                                                                     "/a%3bb",
                                                                     "/%00",
                                                                     "/a%0a",
                                                                     "/a%1F",
                                                                     "/%7F",
                                                                     "/a\x01",
                                                                     "/a\x7f",
                                                                     "/a b",
                                                                     "/\xc3\xa4",
                                                                     nul,
                                                                     "/%C2%85",
                                                                     "/%",
                                                                     "/%4",
                                                                     "/%4g",
                                                                     "/%g4",
                                                                     "/a%",
                                                                     "/%%41",
                                                                     "/%ff",
                                                                     "/%C3",
                                                                     "/%C3/%A4",
                                                                     "/%C3a",
                                                                     "/%A4",
                                                                     "/%C0%AF",
                                                                     "/%C1%81",
                                                                     "/%E0%80%AF",
                                                                     "/%ED%A0%80",
                                                                     "/%F4%90%80%80",
                                                                     "/%F5%80%80%80",
                                                                     "/%F0%80%80%AF",
                                                                     "/a?b",
                                                                     "/a#b"})
        BOOST_TEST(!is_media_safe_path(path), path);
}

BOOST_AUTO_TEST_SUITE_END()
