#include <sluice/base/base64.hpp>

#include <boost/test/unit_test.hpp>

#include <string_view>
#include <utility>

using namespace sluice;

BOOST_AUTO_TEST_SUITE(base64)

BOOST_AUTO_TEST_CASE(base64_of_rfc_4648) {
    using namespace std::string_view_literals;
    const std::pair<std::string_view, std::string_view> examples[] = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"},
                                                                      {"\0\xff"sv, "AP8="}};
    for (const auto& [bytes, text] : examples) {
        BOOST_TEST(base64_encode(bytes) == text);
        const auto back = base64_decode(text);
        BOOST_REQUIRE(back.has_value());
        BOOST_TEST(back->reveal() == bytes);
    }
}

BOOST_AUTO_TEST_CASE(base64_decode_is_strict) {
    for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", " Zg=", "    ", "Zm9v\n",
                                        "Zm9v    ", "Zm=v", "Zm-_", "Zg==Zg=="}) {
        BOOST_TEST_CONTEXT("'" << text << "'") {
            BOOST_TEST(!base64_decode(text).has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(base64_for_urls_has_no_padding) {
    using namespace std::string_view_literals;
    BOOST_TEST(base64_url_encode("\xfb\xff"sv) == "-_8");
    BOOST_TEST(base64_url_encode("foo") == "Zm9v");
    BOOST_TEST(base64_url_encode("") == "");
}

BOOST_AUTO_TEST_CASE(the_form_of_base64) {
    for (const std::string_view text : {"Zg==", "Zm8=", "Zm9v", "Zh==", "+/+/"}) {
        BOOST_TEST(is_base64(text), text);
    }
    for (const std::string_view text :
         {"", "Zg", "Zg=", "Z===", "====", " Zg=", "Zm9v\n", "Zm=v", "Zm-_", "Zg==Zg=="}) {
        BOOST_TEST(!is_base64(text), "'" << text << "'");
    }
}

BOOST_AUTO_TEST_SUITE_END()
