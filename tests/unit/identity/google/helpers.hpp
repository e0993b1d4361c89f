#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/google/sources.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "../scripted_client.hpp"
#include "rsa.hpp"

/// What the tests of Google's sources share.
namespace sluice::identity::google_test {

using namespace sluice::identity::test;
namespace json = boost::json;

inline const time_point now = *parse_rfc3339("2026-01-15T12:34:56Z");
inline const std::string account_path = "/computeMetadata/v1/instance/service-accounts/default/";

inline sluice::wall_clock clock_at(time_point at) {
    return [at] { return at; };
}

inline step from_metadata(std::string what, unsigned status, std::string body) {
    step s = answers("GET", account_path + what, status, std::move(body));
    s.fields = {{"Metadata-Flavor", "Google"}};
    s.answer_fields = {{"metadata-flavor", "Google"}};
    return s;
}

inline adc_file federated(const std::string& token_file, bool impersonating) {
    json::object file{{"type", "external_account"},
                      {"audience", "//iam.googleapis.com/x"},
                      {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                      {"token_url", "https://sts.example/v1/token"},
                      {"credential_source", json::object{{"file", token_file}}}};
    if (impersonating) {
        file["service_account_impersonation_url"] =
            "https://iam.example/v1/projects/-/serviceAccounts/a@p.example:generateAccessToken";
    }
    return parse_adc_file(secret(json::serialize(file)));
}

inline adc_file with_key() {
    return parse_adc_file(secret(json::serialize(json::object{{"type", "service_account"},
                                                              {"private_key_id", "kid-1"},
                                                              {"private_key", google_rsa::run_pem()},
                                                              {"client_email", "a@p.example"},
                                                              {"token_uri", "https://oauth.example/token"}})));
}

inline adc_file of_user() {
    return parse_adc_file(secret(json::serialize(json::object{{"type", "authorized_user"},
                                                              {"client_id", "id"},
                                                              {"client_secret", "client/secret"},
                                                              {"refresh_token", "1//refresh"},
                                                              {"token_uri", "https://oauth.example/token"}})));
}

/// What a store without credentials of its own asks, but for the key that signs itself (src/sign/signing.cpp).
inline std::unique_ptr<source<bearer_token>> default_source(const environment& env, sluice::wall_clock clock) {
    const auto json = find_adc_file(env);
    return json ? adc_file_source(parse_adc_file(*json), std::move(clock))
                : google_metadata_source(env, std::move(clock));
}

inline const std::string good_token = R"({"access_token":"ya29.t","expires_in":3599,"token_type":"Bearer"})";

inline sluice::result<bearer_token> fetch(source<bearer_token>& from, scripted_client& client) {
    auto got = run(from.fetch(client));
    BOOST_TEST(client.left() == 0U);
    return got;
}

} // namespace sluice::identity::google_test
