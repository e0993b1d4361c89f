// Tokens for Azure Storage: the answers of the services.
#include <sluice/identity/azure/token.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace sluice::identity;
using namespace std::chrono_literals;
using sluice::errc;
using sluice::result;
using sluice::secret;

namespace {

const time_point start = *parse_rfc3339("2026-01-15T12:00:00Z");

http_response answer(unsigned status, std::string_view body) {
    http_response r;
    r.status = status;
    r.body = secret(body);
    return r;
}

result<bearer_token> read(std::string_view body, unsigned status = 200) {
    return read_azure_token(answer(status, body), "test", start, {"hush-assertion"});
}

std::string detail_of(std::string_view body, unsigned status = 200) {
    const auto got = read(body, status);
    return got ? "none" : got.error().detail;
}

} // namespace

BOOST_AUTO_TEST_SUITE(azure_tokens)

BOOST_AUTO_TEST_CASE(numbers_as_numbers_and_as_texts) {
    const auto imds = read(R"({"access_token":"eyAz","client_id":"c1","expires_in":"86399","expires_on":"1",)"
                           R"("not_before":"1768477796","token_type":"Bearer"})");
    BOOST_REQUIRE(imds);
    BOOST_TEST(imds->token.reveal() == "eyAz");
    BOOST_TEST(imds->subject == "c1");
    BOOST_TEST((imds->expires == start + 86399s)); // and not expires_on, which another clock made
    BOOST_TEST(!imds->refresh_at);
    BOOST_TEST((read(R"({"access_token":"a","expires_in":3599})")->expires == start + 3599s));
    BOOST_TEST((read(R"({"access_token":"a","expires_in":3599.9})")->expires == start + 3599s));
    BOOST_TEST((read(R"({"access_token":"a","expires_on":"1768564496"})")->expires == time_point(1768564496s)));
    BOOST_TEST((read(R"({"access_token":"a","expires_on":"2026-01-15T13:00:00+00:00"})")->expires == start + 1h));
    const auto early = read(R"({"access_token":"a","expires_in":86399,"refresh_in":"43199"})");
    BOOST_TEST((early->refresh_at == start + 43199s));
    BOOST_TEST((read(R"({"access_token":"a","expires_in":3600,"refresh_in":1})")->refresh_at == start + 5min));
    BOOST_TEST(!read(R"({"access_token":"a","expires_in":200,"refresh_in":1})")->refresh_at);
    BOOST_TEST(!read(R"({"access_token":"a","expires_in":3600,"refresh_in":3600})")->refresh_at);
    BOOST_TEST(!read(R"({"access_token":"a","expires_in":3600,"refresh_in":"soon"})")->refresh_at);
}

BOOST_AUTO_TEST_CASE(no_token_lives_longer_than_any_does) {
    for (const char* const end : {R"("expires_in":9000000000)", R"("expires_in":"9007199254740992")",
                                  R"("expires_on":"9007199254740992")", R"("expires_on":9000000000)",
                                  R"("expires_on":"9999-12-31T23:59:59Z")", R"("expires_on":"2028-01-15T12:00:00Z")"}) {
        const auto got = read(R"({"access_token":"a",)" + std::string(end) + "}");
        BOOST_REQUIRE_MESSAGE(got, end);
        BOOST_TEST((got->expires == start + max_credential_lifetime), end);
    }
    const auto late = read(R"({"access_token":"a","expires_in":9000000000,"refresh_in":"9007199254740992"})");
    BOOST_REQUIRE(late);
    BOOST_TEST(!late->refresh_at);
}

BOOST_AUTO_TEST_CASE(answers_that_are_no_token) {
    const std::string_view wrong[] = {"",
                                      "<html>no</html>",
                                      "[]",
                                      "null",
                                      "{}",
                                      R"({"access_token":"a"})",
                                      R"({"access_token":"","expires_in":10})",
                                      R"({"access_token":7,"expires_in":10})",
                                      R"({"access_token":"a\r\nX-Evil: 1","expires_in":10})",
                                      R"({"access_token":"a b","expires_in":10})",
                                      R"({"access_token":"a","expires_in":"soon"})",
                                      R"({"access_token":"a","expires_in":"10 "})",
                                      R"({"access_token":"a","expires_in":-1})",
                                      R"({"access_token":"a","expires_in":0})",
                                      R"({"access_token":"a","expires_in":1e300})",
                                      R"({"access_token":"a","expires_on":"1700000000"})",
                                      R"({"access_token":"a","expires_on":99999999999999999999})",
                                      R"({"access_token":"a","expires_in":10} trailing)",
                                      R"({"access_token":"a","expires_in":10)"};
    for (const auto body : wrong) {
        const auto got = read(body);
        BOOST_TEST(got.has_error(), body);
        BOOST_TEST((got.has_error() && got.error().code == errc::no_credentials && got.error().retryable), body);
    }
    const auto other = read(R"({"access_token":"a","expires_in":10,"token_type":"pop"})");
    BOOST_TEST((other.has_error() && !other.error().retryable));
    BOOST_TEST(read(R"({"access_token":"a","expires_in":10,"token_type":"bearer"})").has_value());
}

BOOST_AUTO_TEST_CASE(statuses) {
    const std::pair<unsigned, bool> known[] = {{400, false}, {401, false}, {403, false}, {404, true},
                                               {408, true},  {410, true},  {429, true},  {500, true},
                                               {503, true},  {302, false}, {204, false}};
    for (const auto& [status, retryable] : known) {
        const auto got = read(R"({"access_token":"a","expires_in":10})", status);
        BOOST_REQUIRE(got.has_error());
        BOOST_TEST(got.error().retryable == retryable, status);
    }
    BOOST_TEST(detail_of(R"({"error":"invalid_client","error_description":"AADSTS700024: Not now.\r\nTrace ID: 1"})",
                         401) == "test: answered 401: invalid_client: AADSTS700024: Not now.");
    BOOST_TEST(detail_of(R"({"statusCode":401,"message":"No such header."})", 401) ==
               "test: answered 401: No such header.");
    BOOST_TEST(detail_of("garbage", 502) == "test: answered 502");
    // A service that repeats what it was sent must not bring it into a log.
    for (const char* const said : {"no hush-assertion here", "no hush%2dassertion here"}) {
        const auto echo = detail_of(R"({"error":"bad","error_description":")" + std::string(said) + "\"}", 400);
        BOOST_TEST(echo.find("hush") == std::string::npos, echo);
        BOOST_TEST(echo.starts_with("test: answered 400: bad: "), echo);
    }
    BOOST_TEST(detail_of(R"({"error_description":")" + std::string(5000, 'x') + "\"}", 400).size() < 400);
}

BOOST_AUTO_TEST_SUITE_END()
