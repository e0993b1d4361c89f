#include <sluice/identity/sanitize_message.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice::identity;

namespace {

constexpr std::string_view withheld = "(withheld: it repeats a secret)";
constexpr std::string_view token = "eyJ.abcdefgh/ijklmnop+qrstuvw=.0123456789";

std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned>(static_cast<unsigned char>(c));
        constexpr std::string_view digits = "0123456789aBcDeF"; // in both cases
        out.append("%").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sanitizing_messages)

BOOST_AUTO_TEST_CASE(one_line_of_plain_bytes) {
    BOOST_TEST(sanitize_message("", {}).empty());
    BOOST_TEST(sanitize_message(" \r\n\t", {}).empty());
    BOOST_TEST(sanitize_message("\n  AADSTS1: no.\r\nTrace ID: 1", {}) == "AADSTS1: no.");
    BOOST_TEST(sanitize_message("a\x1b[31m\tb\x7f\xc3\xa9", {}) == "a[31mb??");
    BOOST_TEST(sanitize_message(std::string_view("a\0b", 3), {}) == "ab");
    BOOST_TEST(sanitize_message(std::string(1000000, 'x'), {}) == std::string(300, 'x'));
    BOOST_TEST(sanitize_message("100%, 5%2F", {}) == "100%, 5%2F"); // as it was said
}

BOOST_AUTO_TEST_CASE(codes_and_messages) {
    BOOST_TEST(sanitize_message("code", "message", {}) == "code: message");
    BOOST_TEST(sanitize_message("code", "", {}) == "code");
    BOOST_TEST(sanitize_message("", "message", {}) == "message");
    BOOST_TEST(sanitize_message("", "", {}).empty());
    BOOST_TEST(sanitize_message("code", "no hush", {"hush"}) == "code: " + std::string(withheld));
    BOOST_TEST(sanitize_message("hush", "no", {"hush"}) == std::string(withheld) + ": no");
}

BOOST_AUTO_TEST_CASE(nothing_of_what_repeats_a_secret) {
    const std::string whole(token);
    for (const std::string& said : {whole, encoded(whole), encoded(encoded(whole)), whole.substr(0, 16),
                                    whole.substr(5, 16), whole.substr(whole.size() - 16), encoded(whole.substr(7, 16)),
                                    whole.substr(0, 9) + encoded(whole.substr(9, 3)) + whole.substr(12),
                                    whole.substr(0, 9) + "\x01" + whole.substr(9), // put together by what is told
                                    whole.substr(0, 9) + "%00" + whole.substr(9)}) {
        for (const std::string& before :
             {std::string("bad: "), std::string("first line\n"), std::string(290, ' ') + "."}) {
            const auto got = sanitize_message(before + said + " (that)", {"other", token});
            BOOST_TEST(got == withheld, got << " of " << said);
        }
    }
    // Cut off within a secret: no part of it may be what is left.
    BOOST_TEST(sanitize_message(std::string(294, '.') + whole, {token}) == withheld);
}

BOOST_AUTO_TEST_CASE(short_secrets_as_a_whole) {
    BOOST_TEST(sanitize_message("a key k/1 is wrong", {"k/1"}) == withheld);
    BOOST_TEST(sanitize_message("a key k%2f1 is wrong", {"k/1"}) == withheld);
    BOOST_TEST(sanitize_message("a key k/ is wrong", {"k/1"}) == "a key k/ is wrong");
    BOOST_TEST(sanitize_message("nothing was sent", {""}) == "nothing was sent");
    // Parts that are shorter than what counts as one.
    BOOST_TEST(sanitize_message("an " + std::string(token.substr(0, 15)), {token}) ==
               "an " + std::string(token.substr(0, 15)));
}

BOOST_AUTO_TEST_SUITE_END()
