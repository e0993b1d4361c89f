// What may go wrong with each of Google's sources of tokens.
#include <sluice/identity/google/sources.hpp>

#include <boost/test/unit_test.hpp>

#include "helpers.hpp"

#include <functional>
#include <memory>

using namespace sluice::identity;
using namespace sluice::identity::test;
using namespace sluice::identity::google_test;
using namespace std::chrono_literals;
using sluice::errc;

namespace {

/// A source of each kind, and the calls before the one that fails. `make` gives a new one.
struct kind {
    std::string name;
    std::function<std::unique_ptr<source<bearer_token>>()> make;
    std::vector<step> before;
    step last; ///< how it goes well
};

std::vector<kind> kinds(const temporary_folder& folder) {
    const auto token_file = folder.write("oidc", "eyJ.oidc\n");
    const auto clock = clock_at(now);
    std::vector<kind> out;
    out.push_back({"metadata",
                   [=] {
                       return google_metadata_source(environment_of({{"GCE_METADATA_HOST", "127.0.0.1:1"}}), clock);
                   },
                   {},
                   from_metadata("token", 200, good_token)});
    out.push_back(
        {"key", [=] { return adc_file_source(with_key(), clock); }, {}, answers("POST", "/token", 200, good_token)});
    out.push_back(
        {"user", [=] { return adc_file_source(of_user(), clock); }, {}, answers("POST", "/token", 200, good_token)});
    out.push_back({"federated",
                   [=] { return adc_file_source(federated(token_file, false), clock); },
                   {},
                   answers("POST", "/v1/token", 200, good_token)});
    out.push_back({"impersonating",
                   [=] { return adc_file_source(federated(token_file, true), clock); },
                   {answers("POST", "/v1/token", 200, good_token)},
                   answers("POST", "/v1/projects/-/serviceAccounts/a@p.example:generateAccessToken", 200,
                           R"({"accessToken":"ya29.i","expireTime":"2026-01-15T13:34:56Z"})")});
    return out;
}

/// The error of `one` when its last call is answered so.
sluice::error failure_of(const kind& one, const step& last) {
    const auto from = one.make();
    scripted_client client(one.before);
    client.add(last);
    const auto got = fetch(*from, client);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == errc::no_credentials));
    for (const std::string_view secret_text : {"eyJ.oidc", "ya29.", "client/secret", "1//refresh", "PRIVATE"}) {
        BOOST_TEST(got.error().detail.find(secret_text) == std::string::npos, got.error().detail);
    }
    return got.error();
}

} // namespace

BOOST_AUTO_TEST_SUITE(google_faults)

BOOST_AUTO_TEST_CASE(what_goes_wrong_with_each) {
    const temporary_folder folder;
    int tried = 0;
    for (const kind& one : kinds(folder)) {
        BOOST_TEST_CONTEXT("source " << one.name) {
            const auto answered = [&](unsigned status, std::string body) {
                ++tried;
                step last = one.last;
                last.status = status;
                last.body = std::move(body);
                return failure_of(one, last);
            };
            step slow = one.last;
            slow.failure = sluice::error{errc::timeout, sluice::error_source::origin, true, "no answer"};
            const auto late = failure_of(one, slow);
            BOOST_TEST(late.retryable);
            BOOST_TEST(late.detail.find("timeout") != std::string::npos);
            for (const unsigned status : {429U, 500U, 503U}) {
                BOOST_TEST(answered(status, "<html>oops</html>").retryable);
            }
            for (const unsigned status : {302U, 400U, 403U, 404U}) {
                BOOST_TEST(!answered(status, "").retryable);
            }
            for (const std::string body :
                 {"", "garbage", "null", "[]", "{}", R"({"access_token":"","expires_in":1})", R"({"access_token":"t"})",
                  R"({"access_token":"t","expires_in":"soon"})", R"({"access_token":"t","expires_in":0})",
                  R"({"access_token":"t","expires_in":-5})", R"({"access_token":"t","expires_in":1e300})",
                  R"({"access_token":"t","expires_in":9223372036854775807})", R"({"access_token":7,"expires_in":60})",
                  R"({"access_token":"t\r\nX: y","expires_in":60})", R"({"accessToken":"t","expireTime":"later"})",
                  R"({"accessToken":"a b","expireTime":"2026-01-15T13:34:56Z"})",
                  R"({"accessToken":"t","expireTime":"2026-01-15T12:34:56Z"})"}) {
                BOOST_TEST_CONTEXT("body " << body) {
                    BOOST_TEST(answered(200, body).retryable);
                }
            }
            const auto api = answered(
                403, R"({"error":{"code":403,"message":"Permission 'x' denied","status":"PERMISSION_DENIED"}})");
            BOOST_TEST(api.detail.find("PERMISSION_DENIED: Permission 'x' denied") != std::string::npos, api.detail);
            // Words that repeat what was sent are not repeated.
            if (one.name != "metadata" && one.name != "key") {
                const auto told =
                    answered(400, R"({"error":"invalid_grant","error_description":"bad eyJ.oidc 1//refresh ya29.t"})");
                BOOST_TEST(told.detail.ends_with("status 400, invalid_grant: (withheld: it repeats a secret)"),
                           told.detail);
            }
        }
    }
    BOOST_TEST_MESSAGE("fault matrix of Google: " << tried << " answers");
}

BOOST_AUTO_TEST_CASE(each_goes_well) {
    const temporary_folder folder;
    for (const kind& one : kinds(folder)) {
        BOOST_TEST_CONTEXT("source " << one.name) {
            const auto from = one.make();
            scripted_client client(one.before);
            client.add(one.last);
            if (one.name == "metadata") {
                client.add(from_metadata("email", 200, "a@p.example\n"));
            }
            const auto got = fetch(*from, client);
            BOOST_REQUIRE(got);
            BOOST_TEST(
                (one.name == "user" || one.name == "federated" ? got->subject.empty() : got->subject == "a@p.example"));
            BOOST_TEST((got->expires > now + 59min));
            for (const http_request& each : client.calls) {
                BOOST_TEST((each.server.tls || one.name == "metadata"));
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
