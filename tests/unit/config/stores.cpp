#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

#include "loading.hpp"

using namespace loading;
using namespace std::chrono_literals;

namespace {

/// A configuration with this one store, in line 2; what is in `keys` begins at column 13.
std::string with(const std::string& keys) {
    return an_app + "stores: {u: {" + keys + "}}";
}

store made(const std::string& keys, const variables& environment = {}) {
    return good(with(keys), options(environment)).stores.at("u");
}

/// That `keys` have exactly one fault, where `@@` stands in them.
void fault_at(std::string keys, std::string_view part, const load_options& o = options()) {
    const auto at = keys.find("@@");
    BOOST_REQUIRE(at != std::string::npos);
    keys.erase(at, 2);
    one_fault(with(keys), "2:" + std::to_string(14 + at), part, o);
}

/// That the store itself is at fault: something is missing.
void fault_of(const std::string& keys, std::string_view part) {
    one_fault(with(keys), "2:13", part);
}

boost::json::value shown(const std::string& keys) {
    return boost::json::parse(redacted_json(good(with(keys)))).at("stores").at("u");
}

const std::string s3 = "type: s3, bucket: media, ";
const std::string gcs = "type: gcs, bucket: media, ";
const std::string azure = "type: azure, container: media, ";
const std::string a_key = R"({"type": "service_account", "client_email": "a@b", "private_key": "hunter2"})";

/// Reads `files` by their names.
load_options with_files(const variables& files) {
    auto o = options();
    o.read_file = [files](const std::filesystem::path& path) -> result<std::string> {
        const auto found = files.find(path.string());
        if (found == files.end()) {
            return error{errc::bad_config, error_source::internal, false, "No such file"};
        }
        return found->second;
    };
    return o;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stores)

BOOST_AUTO_TEST_CASE(s3_identities) {
    BOOST_TEST(std::holds_alternative<default_chain>(made(s3 + "region: r").credentials));
    BOOST_TEST(!made(s3 + "region: r").anonymous);
    BOOST_TEST(made(s3 + "region: r, anonymous: true").anonymous);
    const auto keyed = made(s3 + "region: r, credentials: {access_key_id: k, secret_access_key: s}");
    BOOST_TEST(keys_of(keyed).access_key_id == "k");
    fault_at(s3 + "region: r, anonymous: true, credentials: @@{access_key_id: k, secret_access_key: s}",
             "and anonymous exclude each other");
    fault_at(s3 + "region: r, anonymous: @@yes", "true or false");
    fault_at(s3 + "region: r, credentials: {hmac_id: @@k, access_key_id: k, secret_access_key: s}",
             "means nothing in a store of type s3");
    fault_at(s3 + "region: r, signer: @@a@b", "means nothing in a store of type s3");
    fault_at(s3 + "region: r, account: @@abc", "means nothing in a store of type s3");
    // A key that came out empty is no wish for another identity.
    fault_at(s3 + "region: r, credentials: {access_key_id: @@\"${NONE:-}\", secret_access_key: s}", "access key's id");
}

BOOST_AUTO_TEST_CASE(s3_region) {
    BOOST_TEST(made(s3 + "region: r", {{"AWS_REGION", "e"}}).region == "r");
    BOOST_TEST(made(s3 + "anonymous: false", {{"AWS_REGION", "e"}, {"AWS_DEFAULT_REGION", "d"}}).region == "e");
    BOOST_TEST(made(s3 + "region: \"\"", {{"AWS_REGION", ""}, {"AWS_DEFAULT_REGION", "d"}}).region == "d");
    BOOST_TEST(made(s3 + "endpoint: 'https://h'", {{"AWS_REGION", "e"}}).region == "us-east-1");
    BOOST_TEST(made(s3 + "anonymous: true").region == "us-east-1"); // as the SDKs have it
    BOOST_TEST(made(s3 + "region: \"\"").region == "us-east-1");
    BOOST_TEST(bad(with(s3 + "anonymous: true"), options({{"AWS_REGION", "e/f"}}))
                   .starts_with("AWS_REGION: error: must be a region's name"));
}

BOOST_AUTO_TEST_CASE(s3_endpoints_of_aws) {
    const auto all = made(s3 + "region: r, fips: true, dual_stack: true");
    BOOST_TEST(all.fips);
    BOOST_TEST(all.dual_stack);
    BOOST_TEST(!all.accelerate);
    BOOST_TEST(made(s3 + "region: r, accelerate: true, dual_stack: true").accelerate);
    for (const std::string key : {"fips", "dual_stack", "accelerate"}) {
        fault_at(s3 + "endpoint: 'https://h', " + key + ": @@true", "and endpoint exclude each other");
        good(with(s3 + "endpoint: 'https://h', " + key + ": false"));
        fault_at(s3 + "region: r, " + key + ": @@1", "true or false");
    }
    fault_at(s3 + "region: r, fips: true, accelerate: @@true", "and fips exclude each other");
    BOOST_TEST(made(s3 + "region: r, addressing: path, accelerate: true").accelerate);
    fault_at("type: s3, bucket: my.media, region: r, accelerate: @@true", "without dots");
    fault_at("type: s3, bucket: My_Media, region: r, accelerate: @@true", "without dots");
}

BOOST_AUTO_TEST_CASE(s3_addressing_and_prefix) {
    for (const std::string keys : {"endpoint: 'https://h', ", "endpoint: 'http://10.0.0.1', ", "region: r, "}) {
        for (const std::string bucket : {"media", "my.media", "My_Media"}) {
            const auto s = made("type: s3, bucket: " + bucket + ", " + keys + "addressing: virtual");
            BOOST_TEST((s.addressing == addressing_style::virtual_hosted));
        }
    }
    fault_at(s3 + "addressing: @@dns", "must be one of auto, path, virtual");
    BOOST_TEST(made(s3 + "endpoint: 'https://h/storage/v1/s3/'").endpoint->path == "/storage/v1/s3");
    for (const std::string path : {"/a//b", "/..", "/a%20b", "/a b", "/a;b"}) {
        fault_at(s3 + "endpoint: @@'https://h" + path + "'", "endpoint");
    }
    for (const auto& of : {s3, gcs}) {
        for (const std::string prefix : {"/up/", "a//b/", "/", "//", "a/"}) {
            BOOST_TEST(made(of + "prefix: " + prefix).prefix == prefix);
        }
        fault_at(of + "prefix: @@a/../", "dot segments");
        fault_at(of + "prefix: @@/./", "dot segments");
        fault_at(of + "prefix: @@/a", "end in /");
    }
    for (const auto& of : {azure + "account: abc, ", std::string("type: local, root: /r, ")}) {
        fault_at(of + "prefix: @@/up/", "must not begin with /");
        fault_at(of + "prefix: @@a//", "empty segments");
    }
}

BOOST_AUTO_TEST_CASE(s3_endpoint_of_the_environment) {
    const variables both{{"AWS_ENDPOINT_URL_S3", "http://minio:9000"}, {"AWS_ENDPOINT_URL", "http://localstack:4566"}};
    const auto plain = made(s3 + "anonymous: false", both);
    BOOST_TEST(plain.endpoint->authority() == "minio:9000");
    BOOST_TEST(plain.region == "us-east-1");
    const variables general{{"AWS_ENDPOINT_URL_S3", ""}, {"AWS_ENDPOINT_URL", "http://h:1"}, {"AWS_REGION", "e"}};
    BOOST_TEST(made(s3 + "anonymous: false", general).endpoint->authority() == "h:1");
    BOOST_TEST(made(s3 + "anonymous: false", general).region == "e");
    auto ignored = general;
    ignored["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "True";
    BOOST_TEST(!made(s3 + "anonymous: false", ignored).endpoint.has_value());
    // The file's own stands, an empty one too.
    BOOST_TEST(made(s3 + "endpoint: 'https://own'", both).endpoint->authority() == "own");
    BOOST_TEST(!made(s3 + "region: r, endpoint: ''", both).endpoint.has_value());
    BOOST_TEST(bad(with(s3 + "anonymous: false"), options({{"AWS_ENDPOINT_URL_S3", "http://u:hunter2@h"}})) ==
               "AWS_ENDPOINT_URL_S3: error: must not hold a user or a password\n");
    BOOST_TEST(bad(with(s3 + "region: r, fips: true"), options(general))
                   .ends_with("and AWS_ENDPOINT_URL exclude each other: it picks one of AWS's\n"));
}

BOOST_AUTO_TEST_CASE(gcs_identities) {
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
    fault_at(gcs + "credentials: {hmac_id: k, hmac_secret: s, service_account: @@f}", "exclude each other");
    fault_at(gcs + "@@credentials: ", "default chain is asked");
    fault_at(gcs + "anonymous: true, credentials: @@{hmac_id: k, hmac_secret: s}", "and anonymous exclude each other");
    for (const std::string pair : {"region: @@r", "addressing: @@path", "fips: @@false", "dual_stack: @@false",
                                   "accelerate: @@true", "account: @@abc", "container: @@abc", "root: @@/r"}) {
        fault_at(gcs + pair, "means nothing in a store of type gcs");
    }
    fault_at(gcs + "url_expiry: @@8d", "must be from");
    fault_at(gcs + "parallel: @@2", "not supported yet");
    fault_at(gcs + "ca_file: @@/nonexistent/ca", "cannot be read");
    fault_at(gcs + "signer: @@\"a/b@c\"", "e-mail");
    fault_at(gcs + "signer: @@\"\"", "e-mail");
    fault_at(gcs + "credentials: {hmac_id: k, hmac_secret: s}, signer: @@a@b", "beside a key");
    fault_at(gcs + "anonymous: true, signer: @@a@b", "anonymous");
}

BOOST_AUTO_TEST_CASE(gcs_credentials_files) {
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

BOOST_AUTO_TEST_CASE(gcs_emulator) {
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

BOOST_AUTO_TEST_CASE(azure_accounts) {
    const auto plain = made(azure + "account: devstoreaccount1");
    BOOST_TEST(type_of(plain) == "azure");
    BOOST_TEST(plain.account == "devstoreaccount1");
    BOOST_TEST(plain.bucket == "media");
    BOOST_TEST(!plain.endpoint.has_value());
    BOOST_TEST(std::holds_alternative<default_chain>(plain.credentials));
    const auto account = [](const std::string& endpoint) {
        return made(azure + "endpoint: '" + endpoint + "'").account;
    };
    BOOST_TEST(account("https://acct.blob.core.windows.net") == "acct");
    BOOST_TEST(account("https://acct.privatelink.blob.core.windows.net/") == "acct");
    BOOST_TEST(account("https://acct.z12.blob.storage.azure.net") == "acct");
    BOOST_TEST(account("https://acct-secondary.blob.core.windows.net") == "acct");
    BOOST_TEST(account("http://127.0.0.1:10000/devstoreaccount1") == "devstoreaccount1");
    BOOST_TEST(account("https://azurite:10000/devstoreaccount1/") == "devstoreaccount1");
    // Beside an endpoint that cannot carry it, the account becomes its path.
    BOOST_TEST(made(azure + "account: abc, endpoint: 'http://127.0.0.1:1'").endpoint->path == "/abc");
    BOOST_TEST(made(azure + "account: abc, endpoint: 'http://localhost:1'").endpoint->path == "/abc");
    BOOST_TEST(made(azure + "account: abc, endpoint: 'https://media.example'").endpoint->path == "");
    BOOST_TEST(made(azure + "account: abc, endpoint: 'http://127.0.0.1:1/abc'").endpoint->path == "/abc");
    fault_of("type: azure, container: media", "account\" is missing: it is needed where no endpoint names it");
    fault_of(azure + "endpoint: 'https://media.example'", "the endpoint does not name it");
    fault_of(azure + "endpoint: 'https://127.0.0.1'", "the endpoint does not name it");
    fault_of(azure + "endpoint: 'https://A_B.blob.core.windows.net'", "the endpoint does not name it");
    fault_at(azure + "endpoint: @@'https://h/a/b'", "more than the account's name");
    fault_at(azure + "endpoint: @@'https://h/Acct'", "no storage account's name");
    fault_at(azure + "endpoint: @@'https://h/a b'", "endpoint");
    fault_at(azure + "endpoint: @@'https://h?sv=hunter2'", "must not have a query");
    fault_at(azure + "account: @@abc, endpoint: 'https://abd.blob.core.windows.net'", "the endpoint names");
    fault_at(azure + "account: @@abc, endpoint: 'http://127.0.0.1/abd'", "the endpoint names");
    for (const std::string name : {"ab", "Abc", "a-bc", "abcdefghijklmnopqrstuvwxy", "\"\"", "[a]"}) {
        fault_at(azure + "account: @@" + name, "account");
    }
    for (const std::string name : {"abc", "a-b-c", "123", "$$web", "$$root"}) {
        good(with("type: azure, account: abc, container: " + name));
    }
    for (const std::string name : {"ab", "Abc", "-abc", "abc-", "a--b", "a_b", "a/b", "$$x", "\"\""}) {
        fault_at("type: azure, account: abc, container: @@" + name, "container");
    }
    fault_of("type: azure, account: abc", "container\" is missing");
    for (const std::string pair :
         {"bucket: @@b", "region: @@r", "addressing: @@path", "fips: @@false", "signer: @@a@b", "root: @@/r"}) {
        fault_at(azure + "account: abc, " + pair, "means nothing in a store of type azure");
    }
    fault_at(azure + "account: abc, endpoint: @@'http://h'", "must be https");
    good(with(azure + "account: abc, anonymous: true, endpoint: 'http://h'"));
    good(with(azure + "account: abc, credentials: {account_key: YWJj}, endpoint: 'http://h'"));
}

BOOST_AUTO_TEST_CASE(azure_keys) {
    const std::string account = azure + "account: abc, ";
    const auto key = [](const store& s) {
        return std::string(std::get<azure_account_key>(s.credentials).key.reveal());
    };
    BOOST_TEST(key(made(account + "credentials: {account_key: YW+/}")) == "YW+/");
    BOOST_TEST(key(made(account + "credentials: {account_key: 'YWI='}")) == "YWI=");
    for (const std::string text : {"\"\"", "abc", "'===='", "'ab-_'", "'a==='", "'YW b'"}) {
        fault_at(account + "credentials: {account_key: @@" + text + "}", "is not base64");
    }
    fault_at(account + "credentials: {account_key: @@'YW=b'}", "is not base64");
    fault_at(account + "credentials: {account_key: @@{file: secret}}", "is not base64");
    fault_at(account + "credentials: @@{}", "needs account_key or connection_string");
    fault_at(account + "credentials: {account_key: @@YWJj, connection_string: x}", "exclude each other");
    fault_at(account + "credentials: {access_key_id: @@a, account_key: YWJj}",
             "means nothing in a store of type azure");
    fault_at(account + "anonymous: true, credentials: @@{account_key: YWJj}", "and anonymous exclude each other");

    const std::string text =
        "'DefaultEndpointsProtocol=https;AccountName=abc;AccountKey=YWI=;EndpointSuffix=core.windows.net'";
    const auto by_string = made(azure + "credentials: {connection_string: " + text + "}");
    BOOST_TEST(by_string.account == "abc");
    BOOST_TEST(by_string.endpoint->authority() == "abc.blob.core.windows.net");
    BOOST_TEST(by_string.endpoint->tls);
    BOOST_TEST(key(by_string) == "YWI=");
    const auto emulator = made(azure + "credentials: {connection_string: 'UseDevelopmentStorage=true'}");
    BOOST_TEST(emulator.account == "devstoreaccount1");
    BOOST_TEST(emulator.endpoint->authority() == "127.0.0.1:10000");
    BOOST_TEST(emulator.endpoint->path == "/devstoreaccount1");
    good(with(account + "endpoint: 'https://abc.blob.core.windows.net', credentials: {connection_string: " + text +
              "}"));
    fault_at(azure + "account: @@abd, credentials: {connection_string: " + text + "}",
             "not that of the connection string");
    fault_at(azure + "endpoint: @@'https://abc.blob.example', credentials: {connection_string: " + text + "}",
             "not that of the connection string");
    fault_at(azure + "credentials: {connection_string: @@'AccountName=abc;AccountKey=hunter2'}", "not base64");
    fault_at(azure + "credentials: {connection_string: @@'AccountName=abc'}", "connection_string\" ");
    fault_at(azure + "credentials: {connection_string: @@''}", "connection_string\" ");
    BOOST_TEST(
        bad(with(azure + "credentials: {connection_string: 'AccountName=abc;AccountKey=hunter2'}")).find("hunter2") ==
        std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_shown) {
    const auto shown_text = [](const std::string& keys) { return boost::json::serialize(shown(keys)); };
    BOOST_TEST(shown(s3 + "region: r").at("credentials").as_string() == "default chain");
    BOOST_TEST(shown(s3 + "region: r, fips: true").at("fips").as_bool());
    const auto anonymous = shown(s3 + "region: r, anonymous: true");
    BOOST_TEST(anonymous.at("anonymous").as_bool());
    BOOST_TEST(!anonymous.as_object().contains("credentials"));
    const auto key = shown(gcs + "credentials: {service_account: '" + a_key + "'}");
    BOOST_TEST(key.at("credentials").at("service_account").as_string() == "***");
    BOOST_TEST(!key.as_object().contains("region"));
    BOOST_TEST(shown(gcs + "signer: a@b").at("signer").as_string() == "a@b");
    const auto hmac = shown(gcs + "credentials: {hmac_id: hunter2, hmac_secret: hunter2}").at("credentials");
    BOOST_TEST(hmac.at("hmac_id").as_string() == "***");
    BOOST_TEST(hmac.at("hmac_secret").as_string() == "***");
    const auto account = shown(azure + "credentials: {connection_string: 'UseDevelopmentStorage=true'}");
    BOOST_TEST(account.at("credentials").at("account_key").as_string() == "***");
    BOOST_TEST(account.at("account").as_string() == "devstoreaccount1");
    BOOST_TEST(account.at("container").as_string() == "media");
    BOOST_TEST(account.at("endpoint").as_string() == "http://127.0.0.1:10000/devstoreaccount1");
    BOOST_TEST(!account.as_object().contains("bucket"));
    for (const auto& keys : {gcs + "credentials: {service_account: '" + a_key + "'}",
                             gcs + "credentials: {hmac_id: hunter2, hmac_secret: hunter2}",
                             azure + "account: abc, credentials: {account_key: aHVudGVyMg==}"}) {
        BOOST_TEST(shown_text(keys).find("hunter2") == std::string::npos);
        BOOST_TEST(shown_text(keys).find("aHVudGVyMg") == std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(redirects)

BOOST_AUTO_TEST_CASE(delivery_by_store) {
    const auto with_route = [](const std::string& keys) {
        return some_stores + "routes: [{name: a, path: \"/a/{x}\", " + keys + "}]";
    };
    const std::string resolves = "authorize: {subrequest: /a}, resolve: {object: /p}";
    const auto is_redirect = [&](const std::string& keys) {
        return good(with_route(keys)).routes.at(0).delivery == delivery::redirect;
    };
    BOOST_TEST(is_redirect("store: up, object: o, authorize: none, delivery: redirect"));
    BOOST_TEST(!is_redirect("store: up, object: o, authorize: none, delivery: stream"));
    BOOST_TEST(!is_redirect("store: up, object: o, authorize: none"));
    BOOST_TEST(is_redirect(resolves + ", delivery: redirect"));
    // Its bare keys are local, but a URI may name another store.
    BOOST_TEST(is_redirect("store: disk, " + resolves + ", delivery: redirect"));
    BOOST_TEST(is_redirect("object_header: X-A, delivery: redirect"));
    one_fault(with_route("store: disk, object: pub/o, authorize: none, delivery: redirect"), "4:91",
              "objects of a store of type local have no URL");
    const std::string local = an_app + "stores: {d: {type: local, root: /r}}\nroutes: [{name: a, path: /a, ";
    one_fault(local + resolves + ", delivery: redirect}]", "3:92", "cannot be redirect");
    one_fault(local + "object_header: X-A, delivery: redirect}]", "3:60", "cannot be redirect");
    const auto shown_route = [&](const std::string& keys) {
        return boost::json::parse(redacted_json(good(with_route(keys)))).at("routes").as_array().at(0);
    };
    BOOST_TEST(shown_route("object_header: X-A, delivery: redirect").at("delivery").as_string() == "redirect");
    BOOST_TEST(shown_route("object_header: X-A").at("delivery").as_string() == "stream");
}

BOOST_AUTO_TEST_CASE(what_is_warned_of) {
    const auto said = [](const std::string& store_keys, const std::string& route_keys = "authorize: none") {
        std::string all;
        for (const auto& line : warnings(
                 good(with(store_keys) + "\nroutes: [{name: a, path: /a, store: u, object: o, " + route_keys + "}]"))) {
            all += line + "\n";
        }
        return all;
    };
    const std::string keys = "credentials: {access_key_id: k, secret_access_key: hunter2}";
    BOOST_TEST(said(s3 + "region: r, " + keys) == "");
    BOOST_TEST(said(s3 + "endpoint: 'https://h', " + keys) == "");
    BOOST_TEST(said(s3 + "endpoint: 'http://127.0.0.1:1', " + keys) == "");
    BOOST_TEST(said(s3 + "endpoint: 'http://h', anonymous: true") == "");
    BOOST_TEST(said(s3 + "endpoint: 'http://h', " + keys).starts_with("store \"u\" is asked over plain http"));
    BOOST_TEST(said(s3 + "endpoint: 'http://h', " + keys).find("hunter2") == std::string::npos);
    BOOST_TEST(said(s3 + "endpoint: 'http://127.0.0.1:1', " + keys, "authorize: none, delivery: redirect")
                   .find("clients elsewhere cannot follow") != std::string::npos);
    BOOST_TEST(said(s3 + "region: r, " + keys, "authorize: {subrequest: /a}, delivery: redirect") == "");
    BOOST_TEST(said(s3 + "region: r, anonymous: true", "authorize: {subrequest: /a}") == "");
    BOOST_TEST(said(s3 + "region: r, anonymous: true", "authorize: none, delivery: redirect") == "");
    BOOST_TEST(said(s3 + "region: r, anonymous: true", "authorize: {subrequest: /a}, delivery: redirect")
                   .find("works for anyone") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_owner_is_one_word) {
    BOOST_TEST(!made(s3 + "region: r").owner);
    BOOST_TEST(made(s3 + "region: r, owner: team-a").owner.value_or("") == "team-a");
    BOOST_TEST(made(gcs + "owner: team-a").owner.has_value());
    BOOST_TEST(made(azure + "account: media, owner: team-a").owner.has_value());
    for (const std::string bad : {"''", "'a b'", "'a|b'", "'\u00e9'"}) {
        fault_at(s3 + "region: r, owner: @@" + bad, "owner\" must be a name");
    }
    fault_at("type: local, root: /srv, owner: @@x", "means nothing in a store of type local");
    BOOST_TEST(shown(s3 + "region: r, owner: team-a").at("owner") == "team-a");
}

BOOST_AUTO_TEST_CASE(who_may_lose_the_cache_with_a_key_is_told_the_line_to_add) {
    const auto told = [](const std::string& keys, const std::string& cache = "\ncache: {directory: /c}") {
        std::size_t lines = 0;
        for (const auto& line : hints(good(with(keys) + cache))) {
            lines += line.find("owner: u") != std::string::npos ? 1 : 0;
        }
        return lines == 1;
    };
    const std::string keys = ", credentials: {access_key_id: k, secret_access_key: s}";
    BOOST_TEST(told(s3 + "endpoint: 'https://s3.example'" + keys));
    BOOST_TEST(!told(s3 + "endpoint: 'https://s3.example'" + keys, ""));
    BOOST_TEST(!told(s3 + "endpoint: 'https://s3.example', owner: me" + keys));
    BOOST_TEST(!told(s3 + "endpoint: 'https://s3.example', anonymous: true"));
    BOOST_TEST(!told(s3 + "endpoint: 'https://s3.example'"));
    BOOST_TEST(!told(s3 + "region: r" + keys));
    BOOST_TEST(!told(s3 + "endpoint: 'https://s3.eu-central-1.amazonaws.com'" + keys));
    BOOST_TEST(told(gcs + "endpoint: 'https://gcs.example', credentials: {hmac_id: k, hmac_secret: s}"));
}

BOOST_AUTO_TEST_SUITE_END()
