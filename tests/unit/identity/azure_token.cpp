// Tokens for Azure Storage: answers, early renewal, the chain, the flows of credential_flows.json, faults.
#include <sluice/identity/azure_delegation_key.hpp>
#include <sluice/identity/azure_token.hpp>
#include <sluice/identity/chains.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/test/unit_test.hpp>

#include "scripted_caller.hpp"

using namespace sluice::identity;
using namespace std::chrono_literals;
using sluice::errc;
using sluice::error;
using sluice::result;
using sluice::secret;
namespace scripts = sluice::identity::test;

namespace {

const time_point start = *parse_rfc3339("2026-01-15T12:00:00Z");

sluice::wall_clock at(const time_point& now) {
    return [&now] { return now; };
}

reply answer(unsigned status, std::string_view body) {
    reply r;
    r.status = status;
    r.body = secret(body);
    return r;
}

result<azure_token> read(std::string_view body, unsigned status = 200) {
    return read_azure_token(answer(status, body), "test", start, "hush-assertion");
}

std::string detail_of(std::string_view body, unsigned status = 200) {
    const auto got = read(body, status);
    return got ? "none" : got.error().detail;
}

azure_token token_of(std::string_view text, time_point expires, std::optional<time_point> renew_at = {}) {
    return {secret(text), expires, renew_at, "c1"};
}

const error down{errc::no_credentials, sluice::error_source::origin, true, "down"};

/// What the chain of `env` gives for one call of `s`.
result<bearer_token> fetch_one(const scripts::variables& env, const scripts::step& s) {
    scripts::scripted_caller by;
    by.add(s);
    const auto chain = azure_default_chain(scripts::environment_of(env), at(start));
    return scripts::run(chain->fetch(by));
}

} // namespace

BOOST_AUTO_TEST_SUITE(azure_tokens)

BOOST_AUTO_TEST_CASE(numbers_as_numbers_and_as_texts) {
    const auto imds = read(R"({"access_token":"eyAz","client_id":"c1","expires_in":"86399","expires_on":"1",)"
                           R"("not_before":"1768477796","token_type":"Bearer"})");
    BOOST_REQUIRE(imds);
    BOOST_TEST(imds->token.reveal() == "eyAz");
    BOOST_TEST(imds->client_id == "c1");
    BOOST_TEST((imds->expires == start + 86399s)); // and not expires_on, which another clock made
    BOOST_TEST(!imds->renew_at);
    BOOST_TEST((read(R"({"access_token":"a","expires_in":3599})")->expires == start + 3599s));
    BOOST_TEST((read(R"({"access_token":"a","expires_in":3599.9})")->expires == start + 3599s));
    BOOST_TEST((read(R"({"access_token":"a","expires_on":"1768564496"})")->expires == time_point(1768564496s)));
    BOOST_TEST((read(R"({"access_token":"a","expires_on":"2026-01-15T13:00:00+00:00"})")->expires == start + 1h));
    BOOST_TEST((read(R"({"access_token":"a","expires_in":9000000000})")->expires == start + 366 * 24h));
    const auto early = read(R"({"access_token":"a","expires_in":86399,"refresh_in":"43199"})");
    BOOST_TEST((early->renew_at == start + 43199s));
    BOOST_TEST((read(R"({"access_token":"a","expires_in":3600,"refresh_in":1})")->renew_at == start + 5min));
    BOOST_TEST(!read(R"({"access_token":"a","expires_in":200,"refresh_in":1})")->renew_at);
    BOOST_TEST(!read(R"({"access_token":"a","expires_in":3600,"refresh_in":3600})")->renew_at);
    BOOST_TEST(!read(R"({"access_token":"a","expires_in":3600,"refresh_in":"soon"})")->renew_at);
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
    BOOST_TEST(detail_of("garbage", 502) == "test: answered 502");
    // A service that repeats what it was sent must not bring it into a log.
    const auto echo = detail_of(R"({"error":"bad","error_description":"no hush-assertion here"})", 400);
    BOOST_TEST(echo.find("hush") == std::string::npos);
    BOOST_TEST(detail_of(R"({"error_description":")" + std::string(5000, 'x') + "\"}", 400).size() < 400);
}

BOOST_AUTO_TEST_CASE(an_early_renewal_keeps_what_is_still_good) {
    azure_token_keeper keeper;
    const auto first = keeper.settle(token_of("t1", start + 24h, start + 12h), start);
    BOOST_REQUIRE(first);
    BOOST_TEST((first->expires == start + 12h + 4min));
    // The plan asks by then, however the dice fall.
    for (const double dice : {0.0, 0.5, 1.0}) {
        BOOST_TEST((renewal_plan::after_success(start, first->expires, dice) <= 12h));
    }
    // Failures are failures, until the end that was told is near.
    BOOST_TEST(keeper.settle(down, start + 12h).has_error());
    const auto again = keeper.settle(down, start + 12h + 3min);
    BOOST_REQUIRE(again);
    BOOST_TEST(again->token.reveal() == "t1");
    BOOST_TEST((again->expires == start + 12h + 14min));
    BOOST_TEST(keeper.settle(down, start + 12h + 4min).has_error());
    // After a pause beyond it too, but never beyond the true end.
    const auto late = keeper.settle(down, start + 23h + 55min);
    BOOST_REQUIRE(late);
    BOOST_TEST((late->expires == start + 24h));
    BOOST_TEST(keeper.settle(down, start + 24h).has_error());
    const auto fresh = keeper.settle(token_of("t2", start + 48h), start + 25h);
    BOOST_REQUIRE(fresh);
    BOOST_TEST((fresh->expires == start + 48h)); // no refresh_in: as it is
    BOOST_TEST(keeper.settle(down, start + 48h - 1s).has_error());
}

BOOST_AUTO_TEST_CASE(the_flows_of_the_vectors) {
    int good = 0;
    int bad = 0;
    for (const auto& one : scripts::flow_cases("azure")) {
        const scripts::temporary_folder folder;
        scripts::flow f = scripts::flow_of(one, folder);
        BOOST_TEST_CONTEXT(f.id) {
            for (const auto& [name, value] : f.steps.front().query) {
                if (name == "client_id") {
                    f.env["AZURE_CLIENT_ID"] = value; // the flow says only what must come of it
                }
            }
            scripts::scripted_caller by(f.steps);
            const auto chain = azure_default_chain(scripts::environment_of(f.env), at(start));
            auto got = scripts::run(chain->fetch(by));
            while (!f.fails() && got.has_error() && by.left() > 0) {
                BOOST_TEST(got.error().retryable);
                got = scripts::run(chain->fetch(by));
            }
            if (f.fails()) {
                BOOST_REQUIRE(got.has_error());
                BOOST_TEST((got.error().code == errc::no_credentials));
                BOOST_TEST(got.error().detail.find(f.expected("error")) != std::string::npos);
                BOOST_TEST(got.error().retryable == f.expect.at("retryable").as_bool());
                ++bad;
            } else {
                BOOST_REQUIRE(got);
                BOOST_TEST(got->token.reveal() == f.expected("access_token"));
                if (const auto* in = f.expect.if_contains("expires_in")) {
                    BOOST_TEST((got->expires == start + std::chrono::seconds(in->as_int64())));
                }
                if (const auto* on = f.expect.if_contains("expires_on")) {
                    BOOST_TEST((got->expires == time_point(std::chrono::seconds(on->as_int64()))));
                }
                if (f.expect.contains("user_delegation_key_value")) {
                    const auto tokens = std::make_shared<fixed<bearer_token>>(*got);
                    const auto service = parse_service_url("http://" + std::string(scripts::script_host));
                    azure_blob_service blob{service->place};
                    blob.endpoint.path = "/acct";
                    azure_delegation_key_source keys(blob, tokens, at(start));
                    const auto key = scripts::run(keys.fetch(by));
                    BOOST_REQUIRE(key);
                    BOOST_TEST(key->value.reveal() == f.expected("user_delegation_key_value"));
                }
                ++good;
            }
            BOOST_TEST(by.left() == 0U);
        }
    }
    BOOST_TEST_MESSAGE("credential_flows.json, azure: " << good << " good, " << bad << " refused");
    BOOST_TEST(good == 5);
    BOOST_TEST(bad == 2);
}

BOOST_AUTO_TEST_CASE(the_order_of_the_chain) {
    const auto name = [](const scripts::variables& env) {
        return azure_default_chain(scripts::environment_of(env), at(start))->name();
    };
    const scripts::variables workload{{"AZURE_CLIENT_ID", "c"},
                                      {"AZURE_TENANT_ID", "t"},
                                      {"AZURE_FEDERATED_TOKEN_FILE", "/nowhere"},
                                      {"IDENTITY_ENDPOINT", "http://h/"},
                                      {"IDENTITY_HEADER", "x"}};
    BOOST_TEST(name(workload) == "Azure workload identity");
    BOOST_TEST(name({{"IDENTITY_ENDPOINT", "http://h/"}, {"IDENTITY_HEADER", "x"}}) == "Azure App Service identity");
    BOOST_TEST(name({}) == "Azure instance metadata");
    BOOST_TEST(name({{"AZURE_CLIENT_ID", "c"}, {"AZURE_TENANT_ID", "t"}}) == "Azure instance metadata");
}

BOOST_AUTO_TEST_CASE(the_usual_places) {
    const std::string token = R"({"access_token":"a","expires_in":10})";
    scripts::step imds = scripts::answers("GET", "/metadata/identity/oauth2/token", 200, token);
    imds.authority = "169.254.169.254";
    BOOST_TEST(fetch_one({}, imds).has_value());

    const scripts::temporary_folder folder;
    const std::string file = folder.write("token", "  eyFirst\r\n");
    scripts::scripted_caller by;
    for (const char* assertion : {"eyFirst", "eyRotated"}) {
        scripts::step s = scripts::answers("POST", "/t /1/oauth2/v2.0/token", 200, token);
        s.authority = "login.microsoftonline.com";
        s.tls = true;
        s.form = {{"client_assertion", assertion}, {"client_id", "c&d"}};
        by.add(s);
    }
    const auto chain =
        azure_default_chain(scripts::environment_of({{"AZURE_CLIENT_ID", "c&d"},
                                                     {"AZURE_TENANT_ID", "t /1"}, // cannot leave its segment
                                                     {"AZURE_FEDERATED_TOKEN_FILE", file}}),
                            at(start));
    const auto got = scripts::run(chain->fetch(by));
    BOOST_REQUIRE(got);
    BOOST_TEST(got->subject == "c&d");
    BOOST_TEST(by.calls.front().target == "/t%20%2F1/oauth2/v2.0/token");
    folder.write("token", "eyRotated");
    BOOST_TEST(scripts::run(chain->fetch(by)).has_value());
}

BOOST_AUTO_TEST_CASE(environments_that_cannot_be_used) {
    const scripts::temporary_folder folder;
    const std::string good = folder.write("good", "eyFed");
    const std::string empty = folder.write("empty", " \n");
    const std::string broken = folder.write("broken", "eyFed\r\nX-Evil: hush");
    const auto workload = [&](std::string file, std::string authority) {
        return scripts::variables{{"AZURE_CLIENT_ID", "c"},
                                  {"AZURE_TENANT_ID", "t"},
                                  {"AZURE_FEDERATED_TOKEN_FILE", std::move(file)},
                                  {"AZURE_AUTHORITY_HOST", std::move(authority)}};
    };
    const std::pair<scripts::variables, const char*> cases[] = {
        {{{"AZURE_FEDERATED_TOKEN_FILE", good}, {"AZURE_TENANT_ID", "t"}}, "AZURE_CLIENT_ID or AZURE_TENANT_ID is not"},
        {{{"AZURE_FEDERATED_TOKEN_FILE", good}, {"AZURE_CLIENT_ID", "c"}}, "AZURE_CLIENT_ID or AZURE_TENANT_ID is not"},
        {workload(good, "http://login.example/"), "AZURE_AUTHORITY_HOST must be https"},
        {workload(good, "http://127.evil.example/"), "AZURE_AUTHORITY_HOST must be https"},
        {workload(good, "login.example"), "AZURE_AUTHORITY_HOST is not an https URL"},
        {workload(good, "https://login.example/?x=hush"), "AZURE_AUTHORITY_HOST is not an https URL"},
        {workload(folder.path() + "/none", ""), "cannot read"},
        {workload(empty, ""), "it is empty"},
        {workload(broken, ""), "line break"},
        {{{"IDENTITY_ENDPOINT", "http://h/"}}, "IDENTITY_HEADER is not"},
        {{{"IDENTITY_ENDPOINT", "http://h/"}, {"IMDS_ENDPOINT", "http://h/"}}, "Arc is not supported"},
        {{{"IDENTITY_ENDPOINT", "http://h/"}, {"IDENTITY_HEADER", "x"}, {"IDENTITY_SERVER_THUMBPRINT", "y"}},
         "Service Fabric is not supported"},
        {{{"IDENTITY_ENDPOINT", "ftp://h/"}, {"IDENTITY_HEADER", "x"}}, "not an http or https URL"},
        {{{"IDENTITY_ENDPOINT", "http://h/"}, {"IDENTITY_HEADER", "hush\r\nX: y"}}, "line break"},
        {{{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "nonsense"}}, "AZURE_POD_IDENTITY_AUTHORITY_HOST is not"},
    };
    for (const auto& [env, why] : cases) {
        scripts::scripted_caller nobody; // a call would be an error of the test
        const auto chain = azure_default_chain(scripts::environment_of(env), at(start));
        const auto got = scripts::run(chain->fetch(nobody));
        BOOST_REQUIRE_MESSAGE(got.has_error(), why);
        BOOST_TEST(got.error().detail.find(why) != std::string::npos, got.error().detail);
        BOOST_TEST(got.error().detail.starts_with(chain->name()));
        BOOST_TEST(got.error().detail.find("hush") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(faults_of_each_service) {
    const scripts::temporary_folder folder;
    const std::string file = folder.write("token", "eyFed");
    const std::tuple<scripts::variables, const char*, const char*> services[] = {
        {{}, "GET", "/metadata/identity/oauth2/token"},
        {{{"IDENTITY_ENDPOINT", "http://127.0.0.1/msi/token"}, {"IDENTITY_HEADER", "x"}}, "GET", "/msi/token"},
        {{{"AZURE_CLIENT_ID", "c"}, {"AZURE_TENANT_ID", "t"}, {"AZURE_FEDERATED_TOKEN_FILE", file}},
         "POST",
         "/t/oauth2/v2.0/token"}};
    for (const auto& [env, method, path] : services) {
        BOOST_TEST_CONTEXT(path) {
            const auto slow = fetch_one(env, scripts::times_out(method, path));
            BOOST_REQUIRE(slow.has_error());
            BOOST_TEST((slow.error().code == errc::no_credentials && slow.error().retryable));
            BOOST_TEST(slow.error().detail.find("no answer") != std::string::npos);
            for (const unsigned status : {500U, 200U}) {
                for (const char* body : {"", "garbage", "{\"access_token\":"}) {
                    const auto got = fetch_one(env, scripts::answers(method, path, status, body));
                    BOOST_TEST((got.has_error() && got.error().retryable));
                }
            }
            // Clocks that disagree by an hour: what is left counts, not when it was made.
            const auto skewed = fetch_one(env, scripts::answers(method, path, 200,
                                                                R"({"access_token":"a","expires_in":"600",)"
                                                                R"("expires_on":"1768474800"})"));
            BOOST_REQUIRE(skewed);
            BOOST_TEST((skewed->expires == start + 10min));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
