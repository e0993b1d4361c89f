// The settings of stores of type gcs.
#include "../../config/one_store.hpp"

#include <chrono>

using namespace loading;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(gcs_settings)

BOOST_AUTO_TEST_CASE(identities) {
    const auto plain = made(gcs + "url_expiry: 10m, connect_timeout: 1s, response_timeout: 3s, prefix: a/");
    BOOST_TEST(type_of(plain) == "gcs");
    BOOST_TEST(plain.bucket == "media");
    BOOST_TEST(plain.prefix == "a/");
    BOOST_TEST((plain.url_expiry == 10min));
    BOOST_TEST((plain.connect_timeout == 1s));
    BOOST_TEST((plain.response_timeout == 3s));
    BOOST_TEST(!plain.endpoint.has_value());
    BOOST_TEST(std::holds_alternative<default_chain>(plain.credentials));
    BOOST_TEST(made(gcs + "signer: s@p.iam.gserviceaccount.com").signer == "s@p.iam.gserviceaccount.com");
    BOOST_TEST(made(gcs + "anonymous: true, endpoint: 'http://h:1'").anonymous);
    const auto hmac =
        std::get<gcs_hmac_key>(made(gcs + "credentials: {hmac_id: GOOG1E, hmac_secret: {file: secret}}").credentials);
    BOOST_TEST(hmac.id == "GOOG1E");
    BOOST_TEST(hmac.key.reveal() == "from a file");
    fault_of("type: gcs", "bucket\" is missing");
    fault_at("type: gcs, bucket: @@a/b", "bucket's name");
    fault_at(gcs + "credentials: {hmac_id: k, hmac_secret: s, @@hmac_idd: k}", "unknown key");
    fault_at(gcs + "credentials: @@{}", "needs service_account, or hmac_id and hmac_secret");
    fault_at(gcs + "credentials: @@{hmac_id: k}", "hmac_secret\" is missing");
    fault_at(gcs + "credentials: @@{hmac_secret: k}", "hmac_id\" is missing");
    fault_at(gcs + "credentials: {hmac_id: @@a/b, hmac_secret: k}", "access key's id");
    fault_at(gcs + "credentials: {hmac_id: k, hmac_secret: @@\"\"}", "is empty");
    fault_at(gcs + "credentials: {hmac_id: k, hmac_secret: s, service_account: @@f}", "are mutually exclusive");
    fault_at(gcs + "@@credentials: ", "default chain is asked");
    fault_at(gcs + "anonymous: true, credentials: @@{hmac_id: k, hmac_secret: s}",
             "and anonymous are mutually exclusive");
    for (const std::string pair : {"region: @@r", "addressing: @@path", "fips: @@false", "dual_stack: @@false",
                                   "accelerate: @@true", "account: @@abc", "container: @@abc", "root: @@/r"}) {
        fault_at(gcs + pair, "means nothing in a store of type gcs");
    }
    fault_at(gcs + "url_expiry: @@8d", "must be from");
    fault_at(gcs + "parallel: @@17", "from 1 to 16");
    fault_at(gcs + "hedge_after: @@1ms", "from 5ms to less than");
    fault_at(gcs + "ca_file: @@/nonexistent/ca", "cannot be read");
    fault_at(gcs + "signer: @@\"a/b@c\"", "e-mail");
    fault_at(gcs + "signer: @@\"\"", "e-mail");
    fault_at(gcs + "credentials: {hmac_id: k, hmac_secret: s}, signer: @@a@b", "beside a key");
    fault_at(gcs + "anonymous: true, signer: @@a@b", "anonymous");
}

BOOST_AUTO_TEST_CASE(credentials_files) {
    const auto o = with_files({{"/conf/key.json", "\n " + a_key + "\n"},
                               {"/run/key.json", a_key},
                               {"/run/wif.json", R"({"type": "external_account"})"},
                               {"/run/odd", R"({"type": "hunter2"})"},
                               {"/run/bare", R"({"type": "service_account", "private_key": "hunter2"})"},
                               {"/run/array", R"(["hunter2"])"},
                               {"/run/none", ""}});
    const auto json = [&](const std::string& written, const load_options& with_these) {
        const auto c = good(with(gcs + "credentials: {service_account: " + written + "}"), with_these);
        return std::string(std::get<gcs_credentials_file>(c.stores.at("u").credentials).json.reveal());
    };
    BOOST_TEST(json("key.json", o) == "\n " + a_key + "\n"); // from the configuration's directory
    BOOST_TEST(json("/run/key.json", o) == a_key);
    BOOST_TEST(json("{file: /run/wif.json}", o) == R"({"type": "external_account"})");
    BOOST_TEST(json("'" + a_key + "'", o) == a_key);
    BOOST_TEST(json("'\n" + a_key + "'", o) == " " + a_key); // YAML folds the line break
    auto from_variable = o;
    from_variable.environment = {{"KEY", a_key}};
    BOOST_TEST(json("\"${KEY}\"", from_variable) == a_key);
    const auto fault = [&](const std::string& written, std::string_view part) {
        const auto text = gcs + "credentials: {service_account: " + written + "}";
        fault_at(text, part, o);
        auto clean = text;
        clean.erase(clean.find("@@"), 2);
        BOOST_TEST(bad(with(clean), o).find("hunter2") == std::string::npos);
    };
    fault("@@gone.json", "No such file");
    fault("{file: @@gone.json}", "No such file");
    fault("@@\"\"", "is empty");
    fault("@@[a]", "{file: PATH}");
    fault("@@{type: service_account, private_key: hunter2}", "its text in quotes");
    fault("@@\"hunter2\\n\"", "must be JSON");
    fault("@@'{\"hunter2\": '", "does not hold a JSON object");
    fault("@@/run/array", "does not hold a JSON object");
    fault("@@/run/none", "does not hold a JSON object");
    fault("@@/run/odd", "that is known");
    fault("@@/run/bare", "lacks client_email");
    // What signs URLs itself needs no other account; what has a token alone does.
    fault_at(gcs + "signer: @@a@b, credentials: {service_account: key.json}", "beside a key", o);
    good(with(gcs + "signer: a@b, credentials: {service_account: /run/wif.json}"), o);
    // A token must not cross the network in plain text; a signed URL may.
    fault_at(gcs + "endpoint: @@'http://h', credentials: {service_account: /run/wif.json}", "must be https", o);
    fault_at(gcs + "endpoint: @@'http://10.0.0.1'", "must be https");
    good(with(gcs + "endpoint: 'http://h', credentials: {service_account: key.json}"), o);
    good(with(gcs + "endpoint: 'http://h', credentials: {hmac_id: k, hmac_secret: s}"));
    good(with(gcs + "endpoint: 'http://127.0.0.1:1'"));
    good(with(gcs + "endpoint: 'http://localhost:1', credentials: {service_account: /run/wif.json}"), o);
}

BOOST_AUTO_TEST_CASE(emulator) {
    const variables url{{"STORAGE_EMULATOR_HOST", "http://127.0.0.1:9023/"}};
    const auto plain = made(gcs + "prefix: a/", url);
    BOOST_TEST(plain.endpoint->authority() == "127.0.0.1:9023");
    BOOST_TEST(plain.anonymous);
    BOOST_TEST(made(gcs + "prefix: a/", {{"STORAGE_EMULATOR_HOST", "gcs:4443"}}).endpoint->authority() == "gcs:4443");
    BOOST_TEST(!made(gcs + "anonymous: false", url).anonymous);
    BOOST_TEST(!made(gcs + "credentials: {hmac_id: k, hmac_secret: s}", url).anonymous);
    // What the file says stands.
    const auto own = made(gcs + "endpoint: 'https://h'", url);
    BOOST_TEST(own.endpoint->authority() == "h");
    BOOST_TEST(!own.anonymous);
    BOOST_TEST(!made(gcs + "endpoint: ''", url).endpoint.has_value());
    BOOST_TEST(!made(s3 + "region: r", url).endpoint.has_value());
    BOOST_TEST(bad(with(gcs + "prefix: a/"), options({{"STORAGE_EMULATOR_HOST", "http://u:hunter2@h"}})) ==
               "STORAGE_EMULATOR_HOST: error: must not hold a user or a password\n");
    BOOST_TEST(bad(with(gcs + "anonymous: false"), options({{"STORAGE_EMULATOR_HOST", "gcs:4443"}}))
                   .starts_with("STORAGE_EMULATOR_HOST: error: \"stores.u.endpoint\" must be https"));
}

BOOST_AUTO_TEST_SUITE_END()
