#include <sluice/base/text.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <string_view>

using namespace sluice;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(decode_once) {
    BOOST_TEST(percent_decode("").value().empty());
    BOOST_TEST(percent_decode("a+b%20c%2f%C3%a4").value() == "a+b c/\xc3\xa4");
    BOOST_TEST(percent_decode("%252F").value() == "%2F");
    BOOST_TEST(percent_decode("%00").value() == std::string(1, '\0'));
    for (const std::string_view bad : {"%", "%1", "a%", "%zz", "%1g", "%%41", "%-1", "%+1", "% 1"}) {
        const auto decoded = percent_decode(bad);
        BOOST_TEST_REQUIRE(!decoded.has_value(), bad);
        BOOST_TEST((decoded.error().code == errc::bad_request));
    }
}

BOOST_AUTO_TEST_CASE(encode_round_trip) {
    std::string all;
    for (int c = 0; c != 256; ++c)
        all += static_cast<char>(c);
    const auto encoded = percent_encode(all, slash::encode);
    BOOST_TEST((percent_decode(encoded).value() == all));
    BOOST_TEST(encoded.find('/') == std::string::npos);
    BOOST_TEST(percent_encode("aZ0-._~ /\xff+", slash::encode) == "aZ0-._~%20%2F%FF%2B");
}

BOOST_AUTO_TEST_CASE(utf8) {
    BOOST_TEST(is_utf8(""));
    BOOST_TEST(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xac\xf4\x8f\xbf\xbf\xed\x9f\xbf"));
    for (const std::string_view bad : {"\x80", "\xc3", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xf0\x8f\xbf\xbf", "\xfe", "\xe0\x9f\xbf", "\xc3\xc3"})
        BOOST_TEST(!is_utf8(bad));
}

BOOST_AUTO_TEST_CASE(c1_controls_are_seen) {
    const auto sees = [](std::string_view text) {
        utf8_validator check;
        for (const char c : text)
            BOOST_TEST(check.feed(static_cast<unsigned char>(c)));
        BOOST_TEST(check.complete());
        return check.saw_control();
    };
    BOOST_TEST(sees("\xc2\x80"));
    BOOST_TEST(sees("a\xc2\x9f\xc3\xa4"));
    BOOST_TEST(!sees("\xc2\xa0\xc3\x80\xe2\x82\x80"));
}

BOOST_AUTO_TEST_CASE(slashes_by_policy) {
    BOOST_TEST(percent_encode("a/b c", slash::keep) == "a/b%20c");
    BOOST_TEST(percent_encode("a/b c", slash::encode) == "a%2Fb%20c");
}

BOOST_AUTO_TEST_CASE(ascii_only) {
    BOOST_TEST(to_lower("aZ09-\xc3\x84") == "az09-\xc3\x84");
    BOOST_TEST((is_alnum('a') && is_alnum('Z') && is_alnum('0') && !is_alnum('_') && !is_alnum('@') && !is_alnum('[')));
    BOOST_TEST((hex_value('0') == 0 && hex_value('a') == 10 && hex_value('F') == 15 && hex_value('g') == -1));
}

BOOST_AUTO_TEST_CASE(hosts_and_ports) {
    BOOST_TEST(host_and_port("example.com", 80) == "example.com:80");
    BOOST_TEST(host_and_port("::1", 65535) == "[::1]:65535");
}

BOOST_AUTO_TEST_CASE(hexadecimal) {
    const std::array<std::uint8_t, 3> bytes{0x00, 0x9f, 0xff};
    BOOST_TEST(hex(bytes) == "009fff");
    std::string text = "x";
    append_hex(text, bytes);
    BOOST_TEST(text == "x009fff");
    const auto drawn = random_hex(8);
    BOOST_TEST(drawn.size() == 16U);
    BOOST_TEST(drawn != random_hex(8)); // one in 2^64 fails
}

BOOST_AUTO_TEST_CASE(a_prefix_cuts_no_character) {
    BOOST_TEST(utf8_prefix("abc", 3) == "abc");
    BOOST_TEST(utf8_prefix("abc", 2) == "ab");
    BOOST_TEST(utf8_prefix("abc", 0) == "");
    BOOST_TEST(utf8_prefix("", 5) == "");
    const std::string_view two = "a\xc3\xa9z";
    BOOST_TEST(utf8_prefix(two, 2) == "a");
    BOOST_TEST(utf8_prefix(two, 3) == "a\xc3\xa9");
    const std::string_view four = "a\xf0\x9f\x8e\xac!";
    for (std::size_t max = 1; max < 5; ++max) {
        BOOST_TEST(utf8_prefix(four, max) == "a");
    }
    BOOST_TEST(utf8_prefix(four, 5) == four.substr(0, 5));
    BOOST_TEST(utf8_prefix("\x80\x80\x80\x80\x80\x80", 5).size() == 5U); // no UTF-8
    BOOST_TEST(utf8_prefix("\x80\x80\x80", 2).size() == 2U);
    BOOST_TEST(utf8_prefix("\x80", 0).empty());
}

BOOST_AUTO_TEST_SUITE_END()
