// The published examples of Amazon, and our own set, on which three implementations agree.
#include <sluice/base/text.hpp>
#include <sluice/sign/aws/s3_address.hpp>
#include <sluice/sign/signature_v4.hpp>

#include <boost/test/unit_test.hpp>

#include "../vectors.hpp"

namespace {

using namespace sluice::sign;
namespace json = boost::json;

struct counts {
    int query{0};
    int header{0};
    int resigned{0};
};

const std::filesystem::path folder = SLUICE_TEST_VECTORS;

sluice::config::store store_of(const json::object& test) {
    sluice::config::store store;
    store.bucket = vectors::text(test, "bucket");
    store.region = vectors::text(test, "region");
    store.endpoint = vectors::endpoint(vectors::text(test, "endpoint"));
    store.addressing = vectors::text(test, "style") == "virtual" ? sluice::config::addressing_style::virtual_hosted
                                                                 : sluice::config::addressing_style::path;
    return store;
}

void check_steps(const v4_signature& steps, const json::object& expect) {
    BOOST_TEST(steps.canonical_request == vectors::text(expect, "canonical_request"));
    BOOST_TEST(steps.string_to_sign == vectors::text(expect, "string_to_sign"));
    BOOST_TEST(steps.signature == vectors::text(expect, "signature"));
}

// What an SDK made for the same inputs, with parameters of its own: parsed, the signature dropped, signed again.
void resign(const std::string& url, const json::object& test, const v4_scope& scope, const hmac_key& key) {
    const auto question = url.find('?');
    const auto authority_at = url.find("://") + 3;
    const auto path_at = url.find('/', authority_at);
    const std::string authority = url.substr(authority_at, path_at - authority_at);
    const std::string path = url.substr(path_at, question - path_at);
    vectors::pairs query = vectors::split_query(std::string_view(url).substr(question + 1));
    std::string signature;
    std::erase_if(query, [&](const auto& pair) {
        const bool is_signature = pair.first == "X-Amz-Signature";
        signature = is_signature ? pair.second : signature;
        return is_signature;
    });
    BOOST_REQUIRE(signature.size() == 64);

    vectors::pairs headers = vectors::pairs_of(test, "headers");
    headers.insert(headers.begin(), {"host", authority});
    const auto query_views = vectors::views(query);
    const auto header_views = vectors::views(headers);
    const std::string method = vectors::text(test, "method");
    const v4_request request{method, authority, path, query_views, header_views};
    BOOST_TEST(v4_sign(request, scope, key).signature == signature);
}

void run_case(const json::object& test, counts& done) {
    const json::object& expect = test.at("expect").as_object();
    const json::object& keys = test.at("credentials").as_object();
    const bucket_address address = resolve_s3_address(store_of(test));
    const std::string path = object_path(address, vectors::text(test, "key"));
    BOOST_TEST(path == vectors::text(expect, "encoded_path"));

    const std::string method = vectors::text(test, "method");
    const std::string payload_hash = vectors::text(test, "payload_hash");
    const std::string access_key_id = vectors::text(keys, "access_key_id");
    const std::string session_token = vectors::text(keys, "session_token");
    const std::string region = vectors::text(test, "region");
    const std::string service = vectors::text(test, "service");
    const auto timestamp = amz_timestamp(vectors::time(vectors::text(test, "timestamp")));
    const vectors::pairs query = vectors::pairs_of(test, "query");
    const vectors::pairs headers = vectors::pairs_of(test, "headers");
    const auto query_views = vectors::views(query);
    const auto header_views = vectors::views(headers);

    const v4_scope scope{access_key_id, session_token, region, service, timestamp};
    const hmac_key key(
        v4_signing_key(vectors::text(keys, "secret_access_key"), timestamp.substr(0, 8), region, service));
    v4_request request{method, address.authority, path, query_views, header_views};
    const std::string origin = (address.tls ? "https://" : "http://") + address.authority;

    if (vectors::text(test, "mode") == "query") {
        const auto made = v4_presign(request, scope, std::chrono::seconds(test.at("expires").as_int64()), key);
        BOOST_REQUIRE(made);
        check_steps(made->steps, expect);
        BOOST_TEST(origin + made->target == vectors::text(expect, "url"));
        ++done.query;
    } else {
        // A request that is signed in its Authorization field, which we send none of: by the bare algorithm.
        request.payload_hash = payload_hash;
        std::vector<field_view> sent{{"host", address.authority}};
        sent.insert(sent.end(), header_views.begin(), header_views.end());
        sent.push_back({"x-amz-date", timestamp});
        sent.push_back({"x-amz-content-sha256", payload_hash});
        if (!session_token.empty()) {
            sent.push_back({"x-amz-security-token", session_token});
        }
        request.headers = sent;
        const auto made = v4_sign(request, scope, key);
        check_steps(made, expect);
        BOOST_TEST(origin + path + (made.query.empty() ? "" : "?") + made.query == vectors::text(expect, "url"));
        BOOST_TEST("AWS4-HMAC-SHA256 Credential=" + access_key_id + "/" + timestamp.substr(0, 8) + "/" + region + "/" +
                       service + "/aws4_request, SignedHeaders=" + made.signed_headers +
                       ", Signature=" + made.signature ==
                   vectors::text(expect, "authorization"));
        ++done.header;
    }
    if (const std::string url = vectors::text(test, "sdk_client_url"); !url.empty()) {
        resign(url, test, scope, key);
        ++done.resigned;
    }
}

counts run_file(const json::value& file) {
    counts done;
    for (const json::value& test : file.at("cases").as_array()) {
        BOOST_TEST_CONTEXT("case " << vectors::text(test.as_object(), "id")) {
            run_case(test.as_object(), done);
        }
    }
    return done;
}

} // namespace

BOOST_AUTO_TEST_SUITE(s3_vectors)

BOOST_AUTO_TEST_CASE(own_set) {
    const counts done = run_file(vectors::read(folder / "s3_sigv4.json"));
    BOOST_TEST_MESSAGE("s3_sigv4.json: " << done.query << " query + " << done.header << " header cases, "
                                         << done.resigned << " URLs of an SDK signed again");
    BOOST_TEST(done.query == 45);
    BOOST_TEST(done.header == 16);
    BOOST_TEST(done.resigned == 45);
}

BOOST_AUTO_TEST_CASE(published_examples) {
    const json::value file = vectors::read(folder / "s3_docs_examples.json");
    const counts done = run_file(file);
    int keys = 0;
    for (const json::value& value : file.at("signing_keys").as_array()) {
        const json::object& test = value.as_object();
        BOOST_TEST(sluice::hex(v4_signing_key(vectors::text(test, "secret"), vectors::text(test, "date"),
                                              vectors::text(test, "region"), vectors::text(test, "service"))) ==
                   vectors::text(test, "key_hex"));
        ++keys;
    }
    BOOST_TEST_MESSAGE("s3_docs_examples.json: " << done.query + done.header << " cases, " << keys << " signing keys");
    BOOST_TEST(done.query == 1);
    BOOST_TEST(done.header == 4);
    BOOST_TEST(keys == 2);
}

BOOST_AUTO_TEST_SUITE_END()
