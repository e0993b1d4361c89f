// Azure's default chain: its order and places, the flows of credential_flows.json, faults.
#include <sluice/identity/azure/chain.hpp>
#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/test/unit_test.hpp>

#include "../scripted_client.hpp"

#include <tuple>

using namespace sluice::identity;
using namespace std::chrono_literals;
using sluice::errc;
using sluice::result;
namespace scripts = sluice::identity::test;

namespace {

const time_point start = *parse_rfc3339("2026-01-15T12:00:00Z");

sluice::wall_clock at(const time_point& now) {
    return [&now] { return now; };
}

/// What the chain of `env` gives for one call of `s`.
result<bearer_token> fetch_one(const scripts::variables& env, const scripts::step& s) {
    scripts::scripted_client client;
    client.add(s);
    const auto chain = azure_default_chain(scripts::environment_of(env), at(start));
    return scripts::run(chain->fetch(client));
}

} // namespace

BOOST_AUTO_TEST_SUITE(azure_chain)

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
            scripts::scripted_client client(f.steps);
            const auto chain = azure_default_chain(scripts::environment_of(f.env), at(start));
            auto got = scripts::run(chain->fetch(client));
            while (!f.fails() && got.has_error() && client.left() > 0) {
                BOOST_TEST(got.error().retryable);
                got = scripts::run(chain->fetch(client));
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
                    const auto tokens = std::make_shared<static_provider<bearer_token>>(*got);
                    const auto service = parse_service_url("http://" + std::string(scripts::script_host));
                    azure_blob_service blob{service->server};
                    blob.endpoint.path = "/acct";
                    azure_delegation_key_source keys(blob, tokens, at(start));
                    const auto key = scripts::run(keys.fetch(client));
                    BOOST_REQUIRE(key);
                    BOOST_TEST(key->value.reveal() == f.expected("user_delegation_key_value"));
                }
                ++good;
            }
            BOOST_TEST(client.left() == 0U);
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
    scripts::scripted_client client;
    for (const char* assertion : {"eyFirst", "eyRotated"}) {
        scripts::step s = scripts::answers("POST", "/t /1/oauth2/v2.0/token", 200, token);
        s.authority = "login.microsoftonline.com";
        s.tls = true;
        s.form = {{"client_assertion", assertion}, {"client_id", "c&d"}};
        client.add(s);
    }
    const auto chain =
        azure_default_chain(scripts::environment_of({{"AZURE_CLIENT_ID", "c&d"},
                                                     {"AZURE_TENANT_ID", "t /1"}, // cannot leave its segment
                                                     {"AZURE_FEDERATED_TOKEN_FILE", file}}),
                            at(start));
    const auto got = scripts::run(chain->fetch(client));
    BOOST_REQUIRE(got);
    BOOST_TEST(got->subject == "c&d");
    BOOST_TEST(client.calls.front().target == "/t%20%2F1/oauth2/v2.0/token");
    folder.write("token", "eyRotated");
    BOOST_TEST(scripts::run(chain->fetch(client)).has_value());
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
        scripts::scripted_client nobody; // a call would be an error of the test
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
    const std::string_view sent = "eyFed.0123456789.abcdefghijkl";
    const std::string_view imds = "/metadata/identity/oauth2/token"; // is sent no secret
    const std::string file = folder.write("token", sent);
    const std::tuple<scripts::variables, const char*, const char*> services[] = {
        {{}, "GET", imds.data()},
        {{{"IDENTITY_ENDPOINT", "http://127.0.0.1/msi/token"}, {"IDENTITY_HEADER", std::string(sent)}},
         "GET",
         "/msi/token"},
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
            // What was sent does not come back, nor does a long part of it.
            for (const std::string_view said : {sent, sent.substr(3, 16)}) {
                const auto echo = fetch_one(env, scripts::answers(method, path, 400,
                                                                  R"({"error":"bad","error_description":"no )" +
                                                                      std::string(said) + " here\"}"));
                BOOST_REQUIRE(echo.has_error());
                BOOST_TEST((echo.error().detail.find(said) == std::string::npos) == (path != imds),
                           echo.error().detail);
                BOOST_TEST(echo.error().detail.find("answered 400: bad: ") != std::string::npos);
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

BOOST_AUTO_TEST_CASE(an_early_renewal_that_fails_has_failed) {
    scripts::scripted_client client;
    const std::string path = "/metadata/identity/oauth2/token";
    client.add(scripts::answers("GET", path, 200, R"({"access_token":"a","expires_in":"86400","refresh_in":"43200"})"));
    client.add(scripts::answers("GET", path, 500, ""));
    auto now = start;
    const auto chain = azure_default_chain(scripts::environment_of({{"AZURE_CLIENT_ID", "c"}}), at(now));
    const auto got = scripts::run(chain->fetch(client));
    BOOST_REQUIRE(got);
    BOOST_TEST((got->expires == start + 24h)); // as it was said, and not the end of an earlier renewal
    BOOST_TEST((got->refresh_at == start + 12h));
    BOOST_TEST(got->subject == "c");
    now += 12h + 4min;
    BOOST_TEST(scripts::run(chain->fetch(client)).has_error()); // what holds the token keeps it
}

BOOST_AUTO_TEST_CASE(a_delegation_key_is_refused_without_the_token) {
    const auto tokens = std::make_shared<static_provider<bearer_token>>(
        bearer_token{sluice::secret("eyJ.of/the.bearer"), start + 1h, ""});
    const auto place = parse_service_url("http://" + std::string(scripts::script_host));
    azure_delegation_key_source keys(azure_blob_service{place->server}, tokens, at(start));
    for (const std::string said : {"eyJ.of/the.bearer", "eyJ.of%2Fthe.bearer"}) {
        scripts::scripted_client client;
        client.add(scripts::answers("POST", "", 400,
                                    "<Error><Code>Bad</Code><Message>no " + said + " here</Message></Error>"));
        const auto got = scripts::run(keys.fetch(client));
        BOOST_REQUIRE(got.has_error());
        BOOST_TEST(got.error().detail.ends_with("400: Bad: (withheld: it repeats a secret)"), got.error().detail);
    }
}

BOOST_AUTO_TEST_SUITE_END()
