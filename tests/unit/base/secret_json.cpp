#include <sluice/base/secret_json.hpp>

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

using sluice::secret_json;

BOOST_AUTO_TEST_SUITE(secret_jsons)

BOOST_AUTO_TEST_CASE(members) {
    const secret_json json(R"({"a":"text","b":7,"c":{"d":"e\n"},"f":null})");
    BOOST_REQUIRE(json.object() != nullptr);
    BOOST_TEST(json.text("a") == "text");
    for (const std::string_view other : {"b", "c", "f", "absent"}) {
        BOOST_TEST(json.text(other).empty());
    }
    BOOST_TEST(secret_json::text(json.object()->at("c").as_object(), "d") == "e\n");
}

BOOST_AUTO_TEST_CASE(what_is_no_object) {
    for (const std::string_view text : {"", "[]", "null", "7", "\"a\"", "{", "{} trailing", "{}{}", "<html>", "\xff"}) {
        const secret_json json(text);
        BOOST_TEST(json.object() == nullptr, text);
        BOOST_TEST(json.text("a").empty());
        BOOST_TEST(!json.number("a"));
    }
    const std::string deep = std::string(100000, '[');
    BOOST_TEST(secret_json(R"({"a":)" + deep).object() == nullptr);
}

BOOST_AUTO_TEST_CASE(numbers) {
    const auto number = [](const std::string& value) { return secret_json(R"({"n":)" + value + "}").number("n"); };
    BOOST_TEST((number("3599") == 3599));
    BOOST_TEST((number("\"3599\"") == 3599));
    BOOST_TEST((number("-5") == -5));
    BOOST_TEST((number("\"-5\"") == -5));
    BOOST_TEST((number("3599.9") == 3599));
    BOOST_TEST((number("9007199254740992") == 9007199254740992));
    for (const std::string none : {"9007199254740993", "\"9007199254740993\"", "9223372036854775807",
                                   "18446744073709551615", "99999999999999999999", "\"99999999999999999999\"", "1e300",
                                   "-1e300", "\"1e3\"", "\"\"", "\"7 \"", "\"soon\"", "null", "true", "[7]"}) {
        BOOST_TEST(!number(none), none);
    }
}

BOOST_AUTO_TEST_SUITE_END()
