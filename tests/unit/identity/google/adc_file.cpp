#include <sluice/identity/google/adc_file.hpp>

#include <boost/test/unit_test.hpp>

#include "../scripted_client.hpp"
#include "rsa.hpp"

using namespace sluice::identity;
using sluice::secret;

namespace {

namespace json = boost::json;

json::object account_file() {
    return {{"type", "service_account"},
            {"project_id", "p"},
            {"private_key_id", "kid-1"},
            {"private_key", google_rsa::run_pem()},
            {"client_email", "a@p.iam.gserviceaccount.com"},
            {"token_uri", "https://oauth2.googleapis.com/token"}};
}

json::object federated_file() {
    return {{"type", "external_account"},
            {"audience", "//iam.googleapis.com/x"},
            {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
            {"token_url", "https://sts.googleapis.com/v1/token"},
            {"credential_source", json::object{{"file", "/var/run/token"}}}};
}

adc_file parsed(const json::object& file) {
    return parse_adc_file(secret(json::serialize(file)));
}

/// What is said against it; "" where it is good.
std::string fault(const std::string& text) {
    try {
        (void)parse_adc_file(secret(text));
        return {};
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
}

bool faulty(const json::object& file, std::string_view words) {
    const auto said = fault(json::serialize(file));
    const bool right = said.find(words) != std::string::npos;
    BOOST_TEST(right, "\"" << said << "\" does not say \"" << words << '"');
    return right && said.find("PRIVATE") == std::string::npos && said.find("s3cret") == std::string::npos;
}

/// `file` with one member set.
json::object with(json::object file, std::string_view name, json::value value) {
    file[name] = std::move(value);
    return file;
}
json::object without(json::object file, std::string_view name) {
    file.erase(name);
    return file;
}

} // namespace

BOOST_AUTO_TEST_SUITE(google_files)

BOOST_AUTO_TEST_CASE(service_accounts) {
    const auto file = parsed(account_file());
    const auto& account = std::get<google_service_account>(file.who);
    BOOST_TEST(account.email == "a@p.iam.gserviceaccount.com");
    BOOST_TEST(account.key_id == "kid-1");
    BOOST_TEST(account.token.server.authority() == "oauth2.googleapis.com");
    BOOST_TEST(account.token.target == "/token");
    BOOST_TEST(file.universe == "googleapis.com");
    BOOST_TEST(parsed(with(account_file(), "universe_domain", "apis.example.cloud")).universe == "apis.example.cloud");
    const auto sparse = parsed(without(without(account_file(), "token_uri"), "private_key_id"));
    BOOST_TEST(std::get<google_service_account>(sparse.who).token_text == "https://oauth2.googleapis.com/token");
}

BOOST_AUTO_TEST_CASE(federated_ones) {
    auto source =
        json::object{{"url", "http://169.254.169.254/metadata/token?api-version=1&resource=api%3A%2F%2Fx"},
                     {"headers", json::object{{"Metadata", "True"}}},
                     {"format", json::object{{"type", "json"}, {"subject_token_field_name", "access_token"}}}};
    auto with_url = with(federated_file(), "credential_source", source);
    with_url["service_account_impersonation_url"] =
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/b%40p.iam.gserviceaccount.com"
        ":generateAccessToken";
    with_url["service_account_impersonation"] = json::object{{"token_lifetime_seconds", 600}};
    const auto file = parsed(with_url);
    const auto& who = std::get<google_external_account>(file.who);
    BOOST_TEST(who.subject.file == "");
    BOOST_TEST(who.subject.url.target == "/metadata/token?api-version=1&resource=api%3A%2F%2Fx");
    BOOST_TEST(who.subject.member == "access_token");
    BOOST_REQUIRE(who.subject.fields.size() == 1);
    BOOST_TEST(who.subject.fields[0].first == "Metadata");
    BOOST_REQUIRE(file.as.has_value());
    BOOST_TEST(file.as->email == "b@p.iam.gserviceaccount.com");
    BOOST_TEST(file.as->lifetime.count() == 600);

    const auto universe = parsed(with(without(federated_file(), "token_url"), "universe_domain", "u.example"));
    BOOST_TEST(std::get<google_external_account>(universe.who).token.server.host == "sts.u.example");
}

BOOST_AUTO_TEST_CASE(users_and_impersonation) {
    const json::object user{
        {"type", "authorized_user"}, {"client_id", "id"}, {"client_secret", "s3cret"}, {"refresh_token", "1//s3cret"}};
    BOOST_TEST(std::get<google_authorized_user>(parsed(user).who).refresh_token.reveal() == "1//s3cret");
    const json::object as{
        {"type", "impersonated_service_account"},
        {"service_account_impersonation_url",
         "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/c@p.example:generateAccessToken"},
        {"delegates", json::array{"d@p.example"}},
        {"source_credentials", user}};
    const auto file = parsed(as);
    BOOST_TEST(std::holds_alternative<google_authorized_user>(file.who));
    BOOST_REQUIRE(file.as.has_value());
    BOOST_TEST(file.as->email == "c@p.example");
    BOOST_TEST(file.as->delegates.size() == 1);
    BOOST_TEST(faulty(without(as, "source_credentials"), "source_credentials"));
    BOOST_TEST(faulty(without(as, "service_account_impersonation_url"), "service_account_impersonation_url"));
    BOOST_TEST(faulty(with(as, "delegates", json::array{1}), "delegates"));
    BOOST_TEST(faulty(without(user, "client_secret"), "client_secret"));
}

BOOST_AUTO_TEST_CASE(bad_files) {
    for (const std::string text : {"", "[]", "s3cret", "{\"type\":\"service_account\"", "{}", "{\"type\":7}",
                                   "{\"type\":\"gdch_service_account\"}"}) {
        const auto said = fault(text);
        BOOST_TEST(!said.empty(), "accepted: " << text);
        BOOST_TEST(said.find("s3cret") == std::string::npos);
    }
    for (const char* name : {"client_email", "private_key"}) {
        BOOST_TEST(!fault(json::serialize(without(account_file(), name))).empty(), name);
    }
    BOOST_TEST(faulty(with(account_file(), "client_email", "a\nb"), "client_email"));
    BOOST_TEST(faulty(with(account_file(), "private_key", "s3cret"), "private key"));
    BOOST_TEST(faulty(with(account_file(), "token_uri", "http://oauth.example/token"), "https"));
    BOOST_TEST(faulty(with(account_file(), "token_uri", "https://u:s3cret@h/token"), "token_uri"));
    BOOST_TEST(faulty(with(account_file(), "universe_domain", "a/b"), "universe_domain"));
    BOOST_TEST(faulty(with(federated_file(), "token_url", "ftp://h/"), "token_url"));
    BOOST_TEST(
        faulty(with(federated_file(), "service_account_impersonation_url", "https://h/x"), "generateAccessToken"));
    BOOST_TEST(faulty(without(federated_file(), "audience"), "audience"));
    BOOST_TEST(faulty(without(federated_file(), "credential_source"), "credential_source"));
    BOOST_TEST(faulty(with(federated_file(), "workforce_pool_user_project", "1"), "workforce"));

    const auto source = [](json::object of) { return with(federated_file(), "credential_source", std::move(of)); };
    BOOST_TEST(faulty(source({{"environment_id", "aws1"}, {"url", "http://169.254.169.254/"}}), "not supported"));
    BOOST_TEST(faulty(source({{"executable", json::object{{"command", "x"}}}}), "not supported"));
    BOOST_TEST(faulty(source({{"certificate", json::object()}}), "not supported"));
    BOOST_TEST(faulty(source({}), "file or a url"));
    BOOST_TEST(faulty(source({{"file", "/a"}, {"url", "http://h/"}}), "file or a url"));
    BOOST_TEST(faulty(source({{"file", ""}}), "path"));
    BOOST_TEST(faulty(source({{"file", "/a"}, {"format", json::object{{"type", "xml"}}}}), "text or json"));
    BOOST_TEST(
        faulty(source({{"file", "/a"}, {"format", json::object{{"type", "json"}}}}), "subject_token_field_name"));
    BOOST_TEST(faulty(source({{"url", "http://h/"}, {"headers", json::object{{"a b", "c"}}}}), "headers"));
    BOOST_TEST(
        faulty(source({{"url", "http://h/"}, {"headers", json::object{{"a", "c\r\nd: e"}}}}), "printable ASCII"));
}

BOOST_AUTO_TEST_CASE(the_environment_points_to_files) {
    const sluice::identity::test::temporary_folder folder;
    using sluice::identity::test::environment_of;
    const auto named = folder.write("named.json", "{\"a\":1}");
    folder.write("application_default_credentials.json", "{\"b\":2}");
    std::filesystem::create_directories(folder.path() + "/.config/gcloud");
    folder.write(".config/gcloud/application_default_credentials.json", "{\"c\":3}");

    const auto found = [](const environment& env) {
        const auto json = find_adc_file(env);
        return json ? std::string(json->reveal()) : std::string("none");
    };
    BOOST_TEST(found(environment_of({})) == "none");
    BOOST_TEST(found(environment_of({{"HOME", folder.path()}})) == "{\"c\":3}");
    BOOST_TEST(found(environment_of({{"HOME", folder.path()}, {"CLOUDSDK_CONFIG", folder.path()}})) == "{\"b\":2}");
    BOOST_TEST(found(environment_of({{"CLOUDSDK_CONFIG", folder.path() + "/nowhere"}})) == "none");
    BOOST_TEST(found(environment_of({{"GOOGLE_APPLICATION_CREDENTIALS", named}, {"HOME", folder.path()}})) ==
               "{\"a\":1}");
    BOOST_CHECK_THROW(found(environment_of({{"GOOGLE_APPLICATION_CREDENTIALS", folder.path() + "/nowhere"}})),
                      std::invalid_argument);
    BOOST_CHECK_THROW(found(environment_of({{"GOOGLE_APPLICATION_CREDENTIALS", folder.path()}})),
                      std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(keys) {
    const rsa_key key(google_rsa::run_pem());
    const auto signature = key.sign("text");
    BOOST_REQUIRE(signature.has_value());
    const auto public_key = google_rsa::public_pem(google_rsa::run_key());
    BOOST_TEST(signature->size() == 256);
    BOOST_TEST(google_rsa::verifies(public_key, "text", *signature));
    BOOST_TEST(!google_rsa::verifies(public_key, "texT", *signature));
    const auto of_nothing = key.sign("");
    BOOST_REQUIRE(of_nothing.has_value());
    BOOST_TEST(google_rsa::verifies(public_key, "", *of_nothing));

    BOOST_CHECK_THROW((void)rsa_key(""), std::invalid_argument);
    BOOST_CHECK_THROW((void)rsa_key(public_key), std::invalid_argument);
    BOOST_CHECK_THROW((void)rsa_key(google_rsa::run_pem().substr(0, 300)), std::invalid_argument);
    const auto small = google_rsa::make_key(1024);
    BOOST_CHECK_THROW((void)rsa_key(google_rsa::private_pem(small.get())), std::invalid_argument);
    BOOST_CHECK_THROW((void)rsa_key(google_rsa::private_pem(google_rsa::run_key(), "passphrase")),
                      std::invalid_argument);
    const google_rsa::pkey curve(EVP_EC_gen("P-256"), EVP_PKEY_free);
    BOOST_CHECK_THROW((void)rsa_key(google_rsa::private_pem(curve.get())), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
