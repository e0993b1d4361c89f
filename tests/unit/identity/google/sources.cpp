// Google's sources of tokens against scripts: the flows of credential_flows.json, and what each asks for.
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/google/sources.hpp>

#include <boost/test/unit_test.hpp>

#include "helpers.hpp"

#include <stdexcept>

using namespace sluice::identity;
using namespace sluice::identity::test;
using namespace sluice::identity::google_test;
using namespace std::chrono_literals;
using sluice::errc;
using sluice::secret;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(google_sources)

BOOST_AUTO_TEST_CASE(flows_of_the_vectors) {
    int run_flows = 0;
    for (const auto& one : flow_cases("gcp")) {
        const temporary_folder folder;
        auto f = flow_of(one, folder);
        BOOST_TEST_CONTEXT("flow " << f.id) {
            // The token comes before the e-mail here, as a token is good without it; signBlob is the signer's
            // (tests/unit/sign/gcs_sign_blob.cpp).
            if (f.id == "gcp-metadata-signblob") {
                std::swap(f.steps.at(0), f.steps.at(1));
                f.steps.pop_back();
            } else if (f.id == "gcp-metadata-503-retry") {
                f.steps.push_back(from_metadata("email", 404, ""));
            }
            const auto chain = default_source(environment_of(f.env), clock_at(now));
            scripted_client client(f.steps);
            auto got = run(chain->fetch(client));
            if (!got && got.error().retryable && !f.fails()) {
                got = run(chain->fetch(client)); // as a renewal does
            }
            BOOST_TEST(client.left() == 0U);
            BOOST_TEST(got.has_value() == !f.fails());
            if (got) {
                BOOST_TEST(got->token.reveal() == f.expected("access_token"));
                BOOST_TEST(got->subject == (f.id == "gcp-metadata-signblob" ? "app@proj.iam.gserviceaccount.com"
                                                                            : f.expected("email")));
                const auto* const seconds = f.expect.if_contains("expires_in");
                const auto ends = seconds == nullptr ? *parse_rfc3339(f.expected("expiration"))
                                                     : now + std::chrono::seconds(seconds->as_int64());
                BOOST_TEST((got->expires == ends));
            } else {
                BOOST_TEST(got.error().detail.find(f.expected("error")) != std::string::npos, got.error().detail);
                BOOST_TEST(got.error().retryable == f.expect.at("retryable").as_bool());
            }
            ++run_flows;
        }
    }
    BOOST_TEST_MESSAGE("credential_flows.json: " << run_flows << " flows of Google");
    BOOST_TEST(run_flows == 4);
}

BOOST_AUTO_TEST_CASE(metadata_server) {
    const auto authority = [](const variables& env) {
        const auto from = google_metadata_source(environment_of(env), clock_at(now));
        scripted_client client;
        client.add(times_out("GET", account_path + "token"));
        (void)fetch(*from, client);
        return client.calls.at(0).server.authority();
    };
    BOOST_TEST(authority({}) == "metadata.google.internal");
    BOOST_TEST(authority({{"GCE_METADATA_IP", "169.254.169.253"}}) == "169.254.169.253");
    BOOST_TEST(authority({{"GCE_METADATA_ROOT", "root:81"}, {"GCE_METADATA_IP", "1.2.3.4"}}) == "root:81");
    BOOST_TEST(authority({{"GCE_METADATA_HOST", "host:82"}, {"GCE_METADATA_ROOT", "root"}}) == "host:82");
    BOOST_TEST(authority({{"NO_GCE_CHECK", "false"}}) == "metadata.google.internal");
    BOOST_CHECK_THROW(authority({{"GCE_METADATA_HOST", "http://host/path"}}), std::invalid_argument);

    scripted_client nobody;
    const auto none = google_metadata_source(environment_of({{"NO_GCE_CHECK", "true"}}), clock_at(now));
    const auto refused = fetch(*none, nobody);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(!refused.error().retryable);
    BOOST_TEST((refused.error().code == errc::no_credentials));
}

BOOST_AUTO_TEST_CASE(metadata_of_somebody_else_is_refused) {
    const auto from = google_metadata_source(environment_of({}), clock_at(now));
    step stranger = from_metadata("token", 200, good_token);
    stranger.answer_fields.clear();
    scripted_client client;
    client.add(stranger);
    const auto got = fetch(*from, client);
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().detail.find("Metadata-Flavor") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(email_is_asked_for_until_it_is_known) {
    const auto from = google_metadata_source(environment_of({}), clock_at(now));
    scripted_client client;
    step stranger = from_metadata("email", 200, "evil@p.example");
    stranger.answer_fields.clear();
    for (const step& email : {from_metadata("email", 503, ""), stranger, from_metadata("email", 429, ""),
                              from_metadata("email", 200, "a@p.example")}) {
        client.add(from_metadata("token", 200, good_token));
        client.add(email);
    }
    client.add(from_metadata("token", 200, good_token));
    milliseconds most(1200);
    for (const std::string expected : {"", "", "", "a@p.example", "a@p.example"}) {
        const auto got = run(from->fetch(client));
        BOOST_REQUIRE(got);
        BOOST_TEST(got->subject == expected);
        BOOST_TEST(got->subject_pending == expected.empty());
        BOOST_TEST((got->expires == now + 3599s));
        // Soon, and each time less so; once it is known, when the token ends.
        BOOST_TEST(got->refresh_at.has_value() == expected.empty());
        BOOST_TEST((!got->refresh_at || (*got->refresh_at > now + most / 2 && *got->refresh_at <= now + most)));
        most *= 2;
    }
    BOOST_TEST(client.left() == 0U);
}

BOOST_AUTO_TEST_CASE(some_have_no_email) {
    for (const step& email : {from_metadata("email", 404, ""), from_metadata("email", 200, "two words")}) {
        const auto from = google_metadata_source(environment_of({}), clock_at(now));
        scripted_client client;
        client.add(from_metadata("token", 200, good_token));
        client.add(email);
        client.add(from_metadata("token", 200, good_token));
        client.add(from_metadata("email", 200, "a@p.example"));
        const auto got = run(from->fetch(client));
        BOOST_REQUIRE(got);
        BOOST_TEST((got->subject.empty() && !got->subject_pending && !got->refresh_at));
        BOOST_TEST(run(from->fetch(client))->subject == "a@p.example"); // with the next token
        BOOST_TEST(client.left() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(assertion_of_a_key) {
    const auto from = adc_file_source(with_key(), clock_at(now));
    step s = answers("POST", "/token", 200, good_token);
    s.form = {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}};
    scripted_client client;
    client.add(s);
    BOOST_REQUIRE(fetch(*from, client));
    std::string jwt;
    for (const auto& [name, value] : decoded_pairs(client.calls.at(0).body.reveal())) {
        jwt = name == "assertion" ? value : jwt;
    }
    const auto part = [](std::string text) {
        for (char& c : text) {
            c = c == '-' ? '+' : c == '_' ? '/' : c;
        }
        const std::size_t bytes = text.size() * 3 / 4;
        text.append((4 - text.size() % 4) % 4, '=');
        std::string out(text.size(), '\0');
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
        out.resize(bytes);
        return out;
    };
    const auto first = jwt.find('.');
    const auto second = jwt.find('.', first + 1);
    BOOST_REQUIRE((first != std::string::npos && second != std::string::npos));
    BOOST_TEST(google_rsa::verifies(google_rsa::public_pem(google_rsa::run_key()), jwt.substr(0, second),
                                    part(jwt.substr(second + 1))));
    BOOST_TEST(json::serialize(json::parse(part(jwt.substr(0, first)))) ==
               R"({"alg":"RS256","typ":"JWT","kid":"kid-1"})");
    const auto claims = json::parse(part(jwt.substr(first + 1, second - first - 1))).as_object();
    BOOST_TEST(claims.at("iss").as_string() == "a@p.example");
    BOOST_TEST(claims.at("aud").as_string() == "https://oauth.example/token");
    BOOST_TEST(claims.at("scope").as_string() == google_cloud_scope);
    BOOST_TEST(claims.at("exp").as_int64() - claims.at("iat").as_int64() == 3600);
    BOOST_TEST(claims.at("iat").as_int64() ==
               std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

BOOST_AUTO_TEST_CASE(impersonation) {
    const temporary_folder folder;
    const auto token_file = folder.write("oidc", "eyJ.oidc");
    const auto from = adc_file_source(federated(token_file, true), clock_at(now));
    scripted_client client;
    step exchange = answers("POST", "/v1/token", 200, good_token);
    exchange.form = {{"scope", std::string(google_cloud_scope)}, {"subject_token", "eyJ.oidc"}};
    client.add(exchange);
    step as = answers("POST", "", 200, R"({"accessToken":"ya29.i","expireTime":"2026-01-15T13:34:56Z"})");
    as.fields = {{"Authorization", "Bearer ya29.t"}, {"Content-Type", "application/json"}};
    as.json_keys = {"delegates", "scope", "lifetime"};
    client.add(as);
    BOOST_REQUIRE(fetch(*from, client));
    const auto body = json::parse(client.calls.at(1).body.reveal()).as_object();
    BOOST_TEST(body.at("scope").as_array().at(0).as_string() == google_cloud_scope);
    BOOST_TEST(body.at("lifetime").as_string() == "3600s");
}

BOOST_AUTO_TEST_CASE(what_is_sent_to_the_url_of_a_subject_token_is_not_told) {
    const json::object file{
        {"type", "external_account"},
        {"audience", "//iam.googleapis.com/x"},
        {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
        {"credential_source", json::object{{"url", "http://169.254.169.254/token"},
                                           {"headers", json::object{{"Authorization", "key/of the pod"}}}}}};
    const auto from = adc_file_source(parse_adc_file(secret(json::serialize(file))), clock_at(now));
    for (const std::string said : {"no key/of the pod", "no key%2Fof%20the%20pod"}) {
        scripted_client client;
        client.add(answers("GET", "/token", 403, R"({"error":"bad","error_description":")" + said + "\"}"));
        const auto got = fetch(*from, client);
        BOOST_REQUIRE(!got);
        BOOST_TEST(got.error().detail.ends_with("status 403, bad: (withheld: it repeats a secret)"),
                   got.error().detail);
    }
}

BOOST_AUTO_TEST_CASE(subject_tokens) {
    const temporary_folder folder;
    const auto token_file = folder.write("oidc", "first");
    const auto from = adc_file_source(federated(token_file, false), clock_at(now));
    // Read anew each time; trimmed; refused where it is gone, empty or no plain text.
    for (const std::string text : {"first", "second\n"}) {
        folder.write("oidc", text);
        step s = answers("POST", "/v1/token", 200, good_token);
        s.form = {{"subject_token", text.substr(0, text.find('\n'))}, {"scope", std::string(google_cloud_scope)}};
        scripted_client client;
        client.add(s);
        BOOST_TEST(fetch(*from, client).has_value());
    }
    scripted_client nobody;
    for (const std::string text : {"", " \n", "a\nb"}) {
        folder.write("oidc", text);
        BOOST_TEST(!fetch(*from, nobody));
    }
    std::filesystem::remove(token_file);
    const auto gone = fetch(*from, nobody);
    BOOST_REQUIRE(!gone);
    BOOST_TEST(gone.error().retryable);
}

BOOST_AUTO_TEST_CASE(subject_tokens_from_a_url) {
    json::object file{
        {"type", "external_account"},
        {"audience", "//iam.googleapis.com/x"},
        {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
        {"token_url", "https://sts.example/v1/token"},
        {"credential_source",
         json::object{{"url", "http://169.254.169.254/token?resource=x"},
                      {"headers", json::object{{"Metadata", "True"}}},
                      {"format", json::object{{"type", "json"}, {"subject_token_field_name", "access_token"}}}}}};
    const auto from = adc_file_source(parse_adc_file(secret(json::serialize(file))), clock_at(now));
    step ask = answers("GET", "/token", 200, R"({"access_token":"eyJ.azure"})");
    ask.exact_query = pairs{{"resource", "x"}};
    ask.fields = {{"Metadata", "True"}};
    step exchange = answers("POST", "/v1/token", 200, R"({"access_token":"t","expires_in":"60"})");
    exchange.form = {{"subject_token", "eyJ.azure"}};
    scripted_client client({ask, exchange});
    BOOST_TEST(fetch(*from, client).has_value());
    for (const auto& [status, body] : {std::pair(500U, ""), {403U, ""}, {200U, "{}"}, {200U, "eyJ"}, {200U, ""}}) {
        scripted_client bad;
        bad.add(answers("GET", "/token", status, body));
        BOOST_TEST(!fetch(*from, bad));
    }
    scripted_client wordy; // what is no secret does not hide what is said
    wordy.add(answers("GET", "/token", 400, R"({"error":"bad","error_description":"is it True?"})"));
    BOOST_TEST(fetch(*from, wordy).error().detail.ends_with("bad: is it True?"));
    file["credential_source"].as_object()["headers"] = json::object{{"X-Api-Key", "hunter2"}}; // however short
    const auto with_key = adc_file_source(parse_adc_file(secret(json::serialize(file))), clock_at(now));
    scripted_client repeating;
    repeating.add(answers("GET", "/token", 403, R"({"error":"denied","error_description":"bad key hunter2"})"));
    BOOST_TEST(fetch(*with_key, repeating).error().detail.ends_with("denied: (withheld: it repeats a secret)"));
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_wrong) {
    // Impersonation says when a token ends by their clock; where they say how late it is, ours may be wrong.
    const temporary_folder folder;
    const auto token_file = folder.write("oidc", "eyJ.oidc");
    for (const auto skew : {-3h, 3h}) {
        const auto from = adc_file_source(federated(token_file, true), clock_at(now + skew));
        step as = answers("POST", "", 200, R"({"accessToken":"ya29.i","expireTime":"2026-01-15T13:34:56Z"})");
        as.answer_fields = {{"Date", "Thu, 15 Jan 2026 12:34:56 GMT"}};
        scripted_client client({answers("POST", "/v1/token", 200, good_token), as});
        const auto got = fetch(*from, client);
        BOOST_REQUIRE(got);
        BOOST_TEST((got->expires == now + skew + 1h));
    }
}

BOOST_AUTO_TEST_CASE(no_token_lives_longer_than_any_does) {
    const temporary_folder folder;
    const auto token_file = folder.write("oidc", "eyJ.oidc");
    const auto life = [&](const std::string& ends, pairs fields) {
        const auto from = adc_file_source(federated(token_file, true), clock_at(now));
        step as = answers("POST", "", 200, R"({"accessToken":"ya29.i","expireTime":")" + ends + "\"}");
        as.answer_fields = std::move(fields);
        scripted_client client({answers("POST", "/v1/token", 200, good_token), as});
        const auto got = fetch(*from, client);
        return got ? *got->expires - now : 0s;
    };
    // As long as was asked for, whatever their clock says.
    BOOST_TEST((life("9999-12-31T23:59:59Z", {}) == 1h));
    BOOST_TEST((life("2026-01-15T13:34:56Z", {{"Date", "Thu, 01 Jan 1970 00:00:00 GMT"}}) == 1h));
    BOOST_TEST((life("2026-01-15T13:34:56Z", {{"Date", "Fri, 31 Dec 9999 23:59:59 GMT"}}) == 0s));
    BOOST_TEST((life("2026-01-15T12:44:56Z", {}) == 10min));

    const auto from = google_metadata_source(environment_of({}), clock_at(now));
    for (const std::string seconds : {"31536001", "9007199254740992", "\"9007199254740992\""}) {
        scripted_client client;
        client.add(from_metadata("token", 200, R"({"access_token":"t","expires_in":)" + seconds + "}"));
        client.add(from_metadata("email", 404, ""));
        const auto got = fetch(*from, client);
        BOOST_REQUIRE(got);
        BOOST_TEST((got->expires == now + max_credential_lifetime));
    }
}

BOOST_AUTO_TEST_SUITE_END()
