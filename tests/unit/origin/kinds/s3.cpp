// The settings of stores of type s3.
#include "../../config/one_store.hpp"

#include <chrono>

using namespace loading;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(s3_settings)

BOOST_AUTO_TEST_CASE(identities) {
    BOOST_TEST(std::holds_alternative<default_chain>(made(s3 + "region: r").credentials));
    BOOST_TEST(!made(s3 + "region: r").anonymous);
    BOOST_TEST(made(s3 + "region: r, anonymous: true").anonymous);
    const auto keyed = made(s3 + "region: r, credentials: {access_key_id: k, secret_access_key: s}");
    BOOST_TEST(keys_of(keyed).access_key_id == "k");
    fault_at(s3 + "region: r, anonymous: true, credentials: @@{access_key_id: k, secret_access_key: s}",
             "and anonymous are mutually exclusive");
    fault_at(s3 + "region: r, anonymous: @@yes", "true or false");
    fault_at(s3 + "region: r, credentials: {hmac_id: @@k, access_key_id: k, secret_access_key: s}",
             "means nothing in a store of type s3");
    fault_at(s3 + "region: r, signer: @@a@b", "means nothing in a store of type s3");
    fault_at(s3 + "region: r, account: @@abc", "means nothing in a store of type s3");
    // A key that came out empty is no wish for another identity.
    fault_at(s3 + "region: r, credentials: {access_key_id: @@\"${NONE:-}\", secret_access_key: s}", "access key's id");
}

BOOST_AUTO_TEST_CASE(region) {
    BOOST_TEST(made(s3 + "region: r", {{"AWS_REGION", "e"}}).region == "r");
    BOOST_TEST(made(s3 + "anonymous: false", {{"AWS_REGION", "e"}, {"AWS_DEFAULT_REGION", "d"}}).region == "e");
    BOOST_TEST(made(s3 + "region: \"\"", {{"AWS_REGION", ""}, {"AWS_DEFAULT_REGION", "d"}}).region == "d");
    BOOST_TEST(made(s3 + "endpoint: 'https://h'", {{"AWS_REGION", "e"}}).region == "us-east-1");
    BOOST_TEST(made(s3 + "anonymous: true").region == "us-east-1"); // as the SDKs have it
    BOOST_TEST(made(s3 + "region: \"\"").region == "us-east-1");
    BOOST_TEST(bad(with(s3 + "anonymous: true"), options({{"AWS_REGION", "e/f"}}))
                   .starts_with("AWS_REGION: error: must be a region's name"));
}

BOOST_AUTO_TEST_CASE(endpoints_of_aws) {
    const auto all = made(s3 + "region: r, fips: true, dual_stack: true");
    BOOST_TEST(all.fips);
    BOOST_TEST(all.dual_stack);
    BOOST_TEST(!all.accelerate);
    BOOST_TEST(made(s3 + "region: r, accelerate: true, dual_stack: true").accelerate);
    for (const std::string key : {"fips", "dual_stack", "accelerate"}) {
        fault_at(s3 + "endpoint: 'https://h', " + key + ": @@true", "and endpoint are mutually exclusive");
        good(with(s3 + "endpoint: 'https://h', " + key + ": false"));
        fault_at(s3 + "region: r, " + key + ": @@1", "true or false");
    }
    fault_at(s3 + "region: r, fips: true, accelerate: @@true", "and fips are mutually exclusive");
    BOOST_TEST(made(s3 + "region: r, addressing: path, accelerate: true").accelerate);
    fault_at("type: s3, bucket: my.media, region: r, accelerate: @@true", "without dots");
    fault_at("type: s3, bucket: My_Media, region: r, accelerate: @@true", "without dots");
}

BOOST_AUTO_TEST_CASE(addressing_and_prefix) {
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

BOOST_AUTO_TEST_CASE(endpoint_of_the_environment) {
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
                   .ends_with("and AWS_ENDPOINT_URL are mutually exclusive: it picks one of AWS's\n"));
}

BOOST_AUTO_TEST_SUITE_END()
