#include <sluice/origin/error_code.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace sluice;
using namespace sluice::origin;

namespace {

http::response_head head_with(std::string_view code) {
    http::response_head head;
    head.status = 503;
    head.fields.items.push_back({"x-ms-error-code", code});
    return head;
}

std::string in_body(std::string_view body) {
    return std::string(error_code_of({}, body));
}

} // namespace

BOOST_AUTO_TEST_SUITE(error_codes)

BOOST_AUTO_TEST_CASE(what_stores_send) {
    BOOST_TEST(in_body("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code><Message>Please reduce "
                       "your request rate.</Message></Error>") == "SlowDown");
    BOOST_TEST(in_body("<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code>") == "NoSuchKey");
    BOOST_TEST(error_code_of(head_with("ServerBusy"), {}) == "ServerBusy");
    BOOST_TEST(error_code_of(head_with("ServerBusy"), "<Code>Other</Code>") == "ServerBusy");
    BOOST_TEST(in_body("").empty());
}

BOOST_AUTO_TEST_CASE(only_a_word_is_taken) {
    for (const std::string_view body :
         {"<Error><Code>", "<Code></Code>", "<Code>Slow", "<Code>Slow Down</Code>",
          "<Code>a\n{\"level\":\"error\"}</Code>", "<Code>\xff</Code>", "<Code><b>SlowDown</b></Code>",
          "<code>SlowDown</code>", "503 Service Unavailable"}) {
        BOOST_TEST(in_body(body).empty(), body);
    }
    BOOST_TEST(error_code_of(head_with("a b"), {}).empty());
    BOOST_TEST(in_body("<Code>" + std::string(64, 'a') + "</Code>") == std::string(64, 'a'));
    BOOST_TEST(in_body("<Code>" + std::string(65, 'a') + "</Code>").empty());
    BOOST_TEST(in_body(std::string(2000, ' ') + "<Code>SlowDown</Code>").empty()); // not at the beginning
}

BOOST_AUTO_TEST_SUITE_END()
