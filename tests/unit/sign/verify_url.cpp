// Signatures of version 4 and 2: what SDKs made, what our signers make, and what was done to it on the way.
#include <sluice/base/base64.hpp>
#include <sluice/identity/google/rsa_key.hpp>
#include <sluice/sign/aws/s3_signer.hpp>
#include <sluice/sign/google/gcs_hmac_signer.hpp>
#include <sluice/sign/google/gcs_urls.hpp>

#include <boost/test/unit_test.hpp>

#include "../identity/google/rsa.hpp"
#include "presented.hpp"
#include "vectors.hpp"

namespace {

using namespace presented;
namespace json = boost::json;

const std::filesystem::path folder = SLUICE_TEST_VECTORS;
const time_point clock_time = vectors::time("2026-01-15T12:34:56Z");

/// The same text with `from` replaced once; fails where it is not in it.
std::string with(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, from << " is not in " << text);
    return text.replace(at, from.size(), to);
}

struct sdk_url {
    std::string url;
    around asked;
};

/// What an SDK made of a key without a token, by the id of the case.
sdk_url made_by_sdk(std::string_view id) {
    const auto file = vectors::read(folder / "s3_presigned_urls.json");
    const auto& all = file.as_object();
    for (const auto& item : all.at("cases").as_array()) {
        const auto& test = item.as_object();
        if (vectors::text(test, "id") == id) {
            around asked{vectors::text(test, "bucket"),
                         key_of(vectors::text(all, "access_key_id"), vectors::text(all, "secret_access_key"),
                                vectors::text(test, "session_token")),
                         vectors::time(vectors::text(test, "timestamp"))};
            asked.m = vectors::text(test, "method") == "HEAD" ? method::head : method::get;
            return {vectors::text(test, "url"), asked};
        }
    }
    BOOST_FAIL("no case " << id);
    return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(verify_urls)

BOOST_AUTO_TEST_CASE(what_sdks_sign) {
    for (const std::string version : {"v2-", "v4-"}) {
        for (const char* name : {"path", "virtual", "aws-global", "overrides", "token", "head"}) {
            const auto [url, asked] = made_by_sdk(version + name);
            const auto got = verify(url, asked);
            BOOST_TEST((got.by == url_signer::own), url);
            BOOST_TEST((got.expires == asked.now + 900s), url);
            auto other = asked;
            other.m = asked.m == method::get ? method::head : method::get;
            BOOST_TEST(by(url, other) == "invalid", url);
            other = asked;
            other.now += 899s;
            BOOST_TEST(by(url, other) == "own", url);
            other.now += 1s;
            BOOST_TEST(by(url, other) == "invalid", url);
            other = asked;
            other.key = key_of("AKIAURLVECTOR0000001", "another secret");
            BOOST_TEST(by(url, other) == "invalid", url);
            other.key = key_of("AKIAANOTHER", "urlVectorSecret+/0123456789abcdefghijklmn");
            BOOST_TEST(by(url, other) == "foreign", url);
            other.key = {};
            BOOST_TEST(by(url, other) == "foreign", url);
            BOOST_TEST((verify(url, other).expires == asked.now + 900s), url);
            other.now += 900s;
            BOOST_TEST(by(url, other) == "invalid", url);
        }
    }
    const auto field_in_query = made_by_sdk("v2-checksum-mode");
    BOOST_TEST(by(field_in_query.url, field_in_query.asked) == "own");
    const auto two_fields = made_by_sdk("v4-checksum-mode"); // signs another field than Host
    BOOST_TEST(by(two_fields.url, two_fields.asked) == "invalid");
}

BOOST_AUTO_TEST_CASE(every_change_of_a_query) {
    for (const char* id : {"v2-overrides", "v2-token", "v2-checksum-mode", "v4-overrides", "v4-token"}) {
        const auto [url, asked] = made_by_sdk(id);
        BOOST_TEST(by(url, asked) == "own");
        BOOST_TEST(no_change_is_own(url, asked) > 1000U);
    }
}

BOOST_AUTO_TEST_CASE(every_change_of_a_path) {
    for (const char* id : {"v2-virtual", "v4-virtual"}) {
        const auto [url, asked] = made_by_sdk(id);
        const auto begin = url.find(".com/") + 5;
        for (auto at = begin; at < url.find('?'); ++at) {
            auto changed = url;
            changed[at] = changed[at] == 'a' ? 'b' : 'a';
            const auto same = vectors::percent_decode(changed) == vectors::percent_decode(url); // `%2a`
            if (sluice::percent_decode(changed.substr(begin, url.find('?') - begin)) && !same) {
                BOOST_TEST(by(changed, asked) == "invalid", changed);
            }
        }
        // The same object in another spelling is the same.
        BOOST_TEST(by(with(url, "mp4", "%6dp4"), asked) == "own");
        BOOST_TEST(by(with(url, "/p/", "/p%2F"), asked) == "invalid");
    }
}

BOOST_AUTO_TEST_CASE(hosts) {
    const auto [url, asked] = made_by_sdk("v4-virtual");
    // Signed as clients send it, whatever the URL's own spelling.
    BOOST_TEST(by(with(url, "https://media", "https://MEDIA"), asked) == "own");
    BOOST_TEST(by(with(url, "amazonaws.com/", "amazonaws.com:443/"), asked) == "own");
    BOOST_TEST(by(with(url, "amazonaws.com/", "amazonaws.com:80/"), asked) == "invalid");
    BOOST_TEST(by(with(url, "media.s3", "other.s3"), asked) == "invalid");
    BOOST_TEST(by(with(url, "eu-central-1.amazonaws", "eu-central-2.amazonaws"), asked) == "invalid");
    // Or as it is written.
    v4_scope scope;
    scope.access_key_id = "ID";
    scope.region = "r";
    scope.timestamp = "20260115T123456Z";
    const auto derived = v4_signing_key("s", "20260115", "r", "s3");
    const hmac_key key(derived);
    v4_request request;
    request.method = "GET";
    request.authority = "CDN.example:443";
    request.path = "/a";
    const auto made = v4_presign(request, scope, 60s, key);
    BOOST_REQUIRE(made);
    around own{"b", key_of("ID", "s"), clock_time};
    BOOST_TEST(by("https://CDN.example:443" + made->target, own) == "own");
    BOOST_TEST(by("https://cdn.example" + made->target, own) == "invalid");
}

BOOST_AUTO_TEST_CASE(tokens_and_credentials_that_end) {
    auto [url, asked] = made_by_sdk("v4-token");
    const std::string id = "AKIAURLVECTOR0000001";
    const std::string secret = "urlVectorSecret+/0123456789abcdefghijklmn";
    const std::string token = "FwoGZXIvYXdz//+token==";
    asked.key = key_of(id, secret);
    BOOST_TEST(by(url, asked) == "invalid");
    asked.key = key_of(id, secret, "another");
    BOOST_TEST(by(url, asked) == "invalid");
    asked.key = key_of(id, secret, token, asked.now + 60s);
    BOOST_TEST((verify(url, asked).expires == asked.now + 60s));
    asked.now += 60s;
    BOOST_TEST(by(url, asked) == "invalid");
    auto plain = made_by_sdk("v4-path");
    plain.asked.key = key_of(id, secret, token);
    BOOST_TEST(by(plain.url, plain.asked) == "invalid");
}

BOOST_AUTO_TEST_CASE(times) {
    const auto [url, asked] = made_by_sdk("v4-path");
    auto at = asked;
    at.now = asked.now - 15min;
    BOOST_TEST(by(url, at) == "own"); // clocks differ
    at.now -= 1s;
    BOOST_TEST(by(url, at) == "invalid");
    at.key = {}; // what another key signed must be as plausible
    BOOST_TEST(by(url, at) == "invalid");
    auto foreign = asked;
    foreign.key = {};
    BOOST_TEST(by(with(url, "Expires=900", "Expires=604800"), foreign) == "foreign");
    for (const char* life : {"604801", "0", "-1", "", "1e3", "0x10", "9999999", "+900"}) {
        BOOST_TEST(by(with(url, "Expires=900", std::string("Expires=") + life), foreign) == "invalid", life);
    }
    for (const char* date : {"20260115T123456", "20260115T123456Z0", "20260115t123456Z", "20261315T123456Z",
                             "20260230T123456Z", "20260115T123460Z", "2026-1-5T123456Z", ""}) {
        BOOST_TEST(by(with(url, "Date=20260115T123456Z", std::string("Date=") + date), foreign) == "invalid", date);
    }
}

BOOST_AUTO_TEST_CASE(ends_of_the_clock) {
    const auto v2 = made_by_sdk("v2-path");
    auto foreign = v2.asked;
    foreign.key = {};
    const auto late = verify(with(v2.url, "Expires=1768481396", "Expires=9999999999"), foreign);
    BOOST_TEST((late.by == url_signer::foreign));
    BOOST_TEST((late.expires > v2.asked.now + 24h * 365 * 200));
    auto v4 = made_by_sdk("v4-path").url;
    for (auto at = v4.find("20260115"); at != std::string::npos; at = v4.find("20260115")) {
        v4.replace(at, 8, "22620411");
    }
    BOOST_TEST(by(with(v4, "T123456Z", "T234716Z"), foreign) == "invalid");
}

BOOST_AUTO_TEST_CASE(claims_that_nobody_proves) {
    const auto [url, asked] = made_by_sdk("v4-path");
    auto foreign = asked;
    foreign.key = {};
    const std::string credential = "AKIAURLVECTOR0000001%2F20260115%2Fus-east-1%2Fs3%2Faws4_request";
    for (const char* other :
         {"", "AKIA", "%2F20260115%2Fus-east-1%2Fs3%2Faws4_request", "AKIA%2F20260116%2Fus-east-1%2Fs3%2Faws4_request",
          "AKIA%2F20260115%2F%2Fs3%2Faws4_request", "AKIA%2F20260115%2Fus-east-1%2Fsts%2Faws4_request",
          "AKIA%2F20260115%2Fus-east-1%2Fs3%2Faws5_request", "20260115%2Fus-east-1%2Fs3%2Faws4_request"}) {
        BOOST_TEST(by(with(url, credential, other), foreign) == "invalid", other);
    }
    for (const char* other : {"AWS4-HMAC-SHA1", "AWS4-ECDSA-P256-SHA256", "GOOG4-RSA-SHA256", ""}) {
        BOOST_TEST(by(with(url, "AWS4-HMAC-SHA256", other), foreign) == "invalid", other);
    }
    for (const char* other : {"host%3Brange", "Host", "", "range", "host%3B"}) {
        BOOST_TEST(by(with(url, "SignedHeaders=host", std::string("SignedHeaders=") + other), foreign) == "invalid");
    }
    const auto signature = url.substr(url.find("Signature=") + 10);
    for (const std::string& other :
         {std::string(), signature.substr(1), signature + "0", sluice::to_lower("Z") + signature.substr(1)}) {
        BOOST_TEST(by(with(url, signature, other), foreign) == "invalid", other);
    }
    BOOST_TEST(by(url + "&X-Amz-Content-Sha256=x", foreign) == "invalid");
    // Two at once, or a part of one.
    BOOST_TEST(by(url + "&AWSAccessKeyId=AKIA&Signature=eA%3D%3D&Expires=1768481396", foreign) == "invalid");
    BOOST_TEST(by(url + "&X-Goog-Signature=00", foreign) == "invalid");
    BOOST_TEST(by(url + "&x-amz-signature=00", foreign) == "invalid");
    for (const char* query : {"X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=x", "X-Amz-Signature=0",
                              "x-amz-signature=0", "Signature=eA%3D%3D&Expires=1768481396&Key-Pair-Id=K", "sig=x",
                              "AWSAccessKeyId=x", "GoogleAccessId=x", "Signature=x", "a=1&a=2", "a=%0a"}) {
        BOOST_TEST(by(std::string("http://h/media/a?") + query, foreign) == "invalid", query);
    }
    BOOST_TEST(by("http://h/media/a", foreign) == "unsigned");
    BOOST_TEST(by("http://h/media/a?x-id=GetObject&v=1", foreign) == "unsigned");
    const auto v2 = made_by_sdk("v2-path").url;
    BOOST_TEST(by(v2 + "&content-type=a", foreign) == "invalid");
    BOOST_TEST(by(v2 + "&Content-MD5=a", foreign) == "invalid");
    BOOST_TEST(by(with(v2, "Expires=1768481396", "Expires=99999999999"), foreign) == "invalid");
    BOOST_TEST(by(with(v2, "Signature=", "Signature=*"), foreign) == "invalid");
}

BOOST_AUTO_TEST_CASE(the_shared_vectors_of_s3) {
    const auto file = vectors::read(folder / "s3_sigv4.json");
    int own = 0;
    int others = 0;
    for (const auto& item : file.as_object().at("cases").as_array()) {
        const auto& test = item.as_object();
        const auto verb = vectors::text(test, "method");
        const auto object = vectors::text(test, "key");
        if (vectors::text(test, "mode") != "query" || object.empty() || verb == "PUT" || verb == "DELETE") {
            continue;
        }
        const auto& keys = test.at("credentials").as_object();
        around asked{vectors::text(test, "bucket"),
                     key_of(vectors::text(keys, "access_key_id"), vectors::text(keys, "secret_access_key"),
                            vectors::text(keys, "session_token")),
                     vectors::time(vectors::text(test, "timestamp"))};
        asked.m = verb == "HEAD" ? method::head : method::get;
        asked.object = object;
        // A signed field besides Host, and `\`, which some readers take for a slash.
        bool refused = !vectors::pairs_of(test, "headers").empty() || object.find('\\') != std::string::npos;
        const auto sdk = vectors::text(test, "sdk_client_url");
        if (!sdk.empty()) {
            BOOST_TEST(by(sdk, asked) == (refused ? "invalid" : "own"), sdk);
        }
        refused = refused || vectors::text(test, "id") == "q-mixed-case-sort"; // a name in two cases
        const auto url = vectors::text(test.at("expect").as_object(), "url");
        BOOST_TEST(by(url, asked) == (refused ? "invalid" : "own"), url);
        ++(refused ? others : own);
    }
    BOOST_TEST(own > 30);
    BOOST_TEST(others > 3);
}

BOOST_AUTO_TEST_CASE(own_signers) {
    sluice::config::store store;
    store.bucket = "media";
    store.region = "eu-central-1";
    const auto provider = std::make_shared<sluice::identity::static_provider<sluice::identity::aws_credentials>>(
        sluice::identity::aws_credentials{"AKIA", sluice::secret("s"), {}});
    s3_signer signer(store, provider, [] { return clock_time; });
    presign_options options;
    options.response_content_disposition = "attachment; filename=\"\xc3\xbc (1).mp4\"";
    for (const auto m : {method::get, method::head}) {
        const auto made = signer.presign_now("a/\xc3\xbc +%.mp4", m, options);
        BOOST_REQUIRE(made);
        BOOST_TEST(by(made->url(), {"media", signer.own_key(), clock_time, m}) == "own");
    }
    s3_signer open(store, nullptr, [] { return clock_time; });
    BOOST_TEST(std::holds_alternative<std::monostate>(open.own_key()));
}

BOOST_AUTO_TEST_CASE(cloud_storage_with_an_hmac_key) {
    const auto file = vectors::read(folder / "gcs_v4.json");
    int own = 0;
    for (const auto& item : file.as_object().at("cases").as_array()) {
        const auto& test = item.as_object();
        const auto object = vectors::text(test, "key");
        const auto verb = vectors::text(test, "method");
        if (vectors::text(test, "algorithm") != "GOOG4-HMAC-SHA256" || object.empty() ||
            (verb != "GET" && verb != "HEAD") || !vectors::pairs_of(test, "headers").empty()) {
            continue;
        }
        around asked{vectors::text(test, "bucket"),
                     key_of(vectors::text(test, "access_id"), vectors::text(test, "hmac_secret")),
                     vectors::time(vectors::text(test, "timestamp"))};
        asked.m = verb == "HEAD" ? method::head : method::get;
        asked.object = object;
        const auto url = vectors::text(test.at("expect").as_object(), "url");
        BOOST_TEST(by(url, asked) == "own", url);
        asked.key = key_of(vectors::text(test, "access_id"), "x");
        BOOST_TEST(by(url, asked) == "invalid", url);
        asked.key = {};
        BOOST_TEST(by(url, asked) == "foreign", url);
        ++own;
    }
    BOOST_TEST(own > 3);
    sluice::config::store store;
    store.bucket = "media";
    gcs_hmac_signer signer(store, "GOOG1E", sluice::secret("s"), [] { return clock_time; });
    const auto made = signer.presign_now("a", method::get, {});
    BOOST_REQUIRE(made);
    const around asked{"media", signer.own_key(), clock_time};
    BOOST_TEST(by(made->url(), asked) == "own");
    BOOST_TEST(no_change_is_own(made->url(), asked) > 1000U);
}

BOOST_AUTO_TEST_CASE(cloud_storage_with_a_service_account) {
    const std::string email = "signer@p.iam.gserviceaccount.com";
    const auto rsa = std::make_shared<const sluice::identity::rsa_key>(google_rsa::run_pem());
    sluice::config::store store;
    store.bucket = "media";
    const gcs_urls urls(store, "googleapis.com");
    auto url = urls.prepare({"a b.mp4", method::get, email, &goog4_rsa, clock_time}, {});
    BOOST_REQUIRE(url);
    const auto signature = rsa->sign(url->v4.steps.string_to_sign);
    BOOST_REQUIRE(signature);
    const auto v4 = gcs_urls::complete(std::move(*url), as_key(*signature)).url();
    const around asked{"media", account_key{email, rsa}, clock_time};
    BOOST_TEST(by(v4, asked) == "own");

    // V2: "GET \n Content-MD5 \n Content-Type \n Expires \n /bucket/object", and overrides that are not signed.
    const std::string expires = "1768481396";
    const auto v2_signature = rsa->sign("GET\n\n\n" + expires + "\n/media/a%20b.mp4");
    BOOST_REQUIRE(v2_signature);
    const std::string v2 = "https://storage.googleapis.com/media/a%20b.mp4?Expires=" + expires +
                           "&GoogleAccessId=" + sluice::percent_encode(email, sluice::slash::encode) + "&Signature=" +
                           sluice::percent_encode(sluice::base64_encode(*v2_signature), sluice::slash::encode);
    BOOST_TEST(by(v2, asked) == "own");
    BOOST_TEST(by(v2 + "&response-content-type=video%2Fmp4", asked) == "own");
    BOOST_TEST((verify(v2, asked).expires == clock_time + 900s));

    for (const auto& signed_url : {v4, v2}) {
        auto other = asked;
        other.m = method::head;
        BOOST_TEST(by(signed_url, other) == "foreign"); // an account may have a key that we do not know
        other = asked;
        other.key = account_key{"other@p.iam.gserviceaccount.com", rsa};
        BOOST_TEST(by(signed_url, other) == "foreign");
        other.key = {};
        BOOST_TEST(by(signed_url, other) == "foreign");
        BOOST_TEST(by(with(signed_url, "media", "medib"), asked) == "foreign");
        other = asked;
        other.now += 2h;
        BOOST_TEST(by(signed_url, other) == "invalid");
        BOOST_TEST(no_change_is_own(signed_url, asked) > 1000U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
