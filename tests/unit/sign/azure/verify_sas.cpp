// Shared access signatures of an app: those of the SDK, and what was done to them on the way.
#include <sluice/base/base64.hpp>
#include <sluice/sign/azure/key_signer.hpp>
#include <sluice/sign/azure/sas.hpp>

#include <boost/test/unit_test.hpp>

#include "../presented.hpp"
#include "../vectors.hpp"

namespace {

using namespace presented;
namespace json = boost::json;

const std::filesystem::path folder = SLUICE_TEST_VECTORS;
const std::string key_text = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const time_point now = vectors::time("2026-01-15T12:30:00Z");

url_key shared_key(std::string_view base64) {
    return std::make_shared<const hmac_key>(as_key(sluice::base64_decode(base64)->reveal()));
}

std::string sas_url(const azure_sas& sas, std::string_view scheme = "https") {
    const hmac_key key(as_key(sluice::base64_decode(key_text)->reveal()));
    return std::string(scheme) + "://acct.blob.core.windows.net/files/p/a.mp4?" + azure_signed_query(sas, key);
}

azure_sas usual() {
    azure_sas sas;
    sas.version = "2021-12-02";
    sas.expiry = "2026-01-15T13:00:00Z";
    sas.canonical_resource = "/blob/acct/files/p/a.mp4";
    return sas;
}

around asked_of(url_key key) {
    around asked{"files", std::move(key), now};
    asked.account = "acct";
    return asked;
}

} // namespace

BOOST_AUTO_TEST_SUITE(verify_sas_urls)

BOOST_AUTO_TEST_CASE(vectors_of_the_sdk) {
    const auto file = vectors::read(folder / "azure_blob_sas.json");
    std::map<std::string, int> seen;
    for (const auto& item : file.as_object().at("cases").as_array()) {
        const auto& test = item.as_object();
        const auto& expect = test.at("expect").as_object();
        const auto& parameters = expect.at("sas_params").as_object();
        std::string query;
        for (const auto& [name, value] : parameters) {
            query.append(query.empty() ? "" : "&").append(name).append("=");
            query += sluice::percent_encode(std::string_view(value.as_string()), sluice::slash::encode);
        }
        const auto blob = vectors::text(test, "blob");
        around asked{vectors::text(test, "container"), {}, now};
        asked.account = vectors::text(test, "account");
        asked.object = blob.empty() ? "x" : blob;
        const bool service = vectors::text(test, "kind") == "service";
        asked.key = shared_key(service ? vectors::text(test, "account_key") : key_text);
        const auto resource = vectors::text(test, "resource");
        std::string wanted = service && (resource == "b" || resource == "c") ? "own" : "foreign";
        if (vectors::text(test, "sp").find('r') == std::string::npos && vectors::text(test, "si").empty()) {
            wanted = "invalid";
        } else if (!vectors::text(test, "sip").empty()) {
            wanted = "invalid"; // who asks Sluice has another address than Sluice
        } else if (!vectors::text(test, "si").empty()) {
            wanted = "foreign"; // its terms are at the service
        }
        const std::string path = "/" + asked.bucket + "/x";
        const auto got = by("https://" + asked.account + ".blob.core.windows.net" + path + "?" + query, asked);
        if (got != wanted) {
            BOOST_TEST_MESSAGE(query);
        }
        BOOST_TEST(got == wanted, vectors::text(test, "id"));
        ++seen[got];
    }
    BOOST_TEST(seen["own"] > 15);
    BOOST_TEST(seen["foreign"] > 10);
    BOOST_TEST(seen["invalid"] > 1);
}

BOOST_AUTO_TEST_CASE(own_signer) {
    sluice::config::store store;
    store.bucket = "files";
    store.account = "acct";
    const auto asked = asked_of(shared_key(key_text));
    azure_key_signer signer(store, std::get<azure_shared_key>(asked.key), [] { return now; });
    presign_options options;
    options.response_content_type = "video/mp4";
    options.response_content_disposition = "attachment; filename=\"a b.mp4\"";
    const auto made = signer.presign_now("p/a b.mp4", options);
    BOOST_REQUIRE(made);
    BOOST_TEST(by(made->url(), {"files", signer.own_key(), now, method::head, "acct"}) == "own");
    BOOST_TEST((verify(made->url(), asked).expires == now + 1h));
    BOOST_TEST(no_change_is_own(made->url(), asked) > 1000U);
    auto other = asked;
    other.object = "p/b.mp4";
    BOOST_TEST(by(made->url(), other) == "foreign");
    other = asked;
    other.account = "other";
    BOOST_TEST(by(made->url(), other) == "foreign");
    other = asked;
    other.bucket = "filed";
    other.object = "p/a b.mp4";
    BOOST_TEST(by(made->url(), other) == "foreign");
    other = asked;
    other.key = {};
    BOOST_TEST(by(made->url(), other) == "foreign");
    other.now += 1h;
    BOOST_TEST(by(made->url(), other) == "invalid");
}

BOOST_AUTO_TEST_CASE(terms) {
    const auto asked = asked_of(shared_key(key_text));
    BOOST_TEST(by(sas_url(usual()), asked) == "own");
    BOOST_TEST(by(sas_url(usual(), "http"), asked) == "own");
    auto sas = usual();
    sas.protocol = "https";
    BOOST_TEST(by(sas_url(sas), asked) == "own");
    BOOST_TEST(by(sas_url(sas, "http"), asked) == "invalid");
    sas.protocol = "https,http";
    BOOST_TEST(by(sas_url(sas, "http"), asked) == "own");
    sas.protocol = "http";
    BOOST_TEST(by(sas_url(sas), asked) == "invalid");
    sas = usual();
    sas.permissions = "racwd";
    BOOST_TEST(by(sas_url(sas), asked) == "own");
    sas.permissions = "w";
    BOOST_TEST(by(sas_url(sas), asked) == "invalid");
    sas = usual();
    sas.ip = "10.0.0.1";
    BOOST_TEST(by(sas_url(sas), asked) == "invalid");
    sas = usual();
    sas.resource = "c";
    sas.canonical_resource = "/blob/acct/files";
    BOOST_TEST(by(sas_url(sas), asked) == "own");
    sas.resource = "d";
    BOOST_TEST(by(sas_url(sas), asked) == "foreign");
    sas = usual();
    sas.identifier = "policy";
    BOOST_TEST(by(sas_url(sas), asked) == "foreign");
    sas.expiry = "";
    BOOST_TEST(by(sas_url(sas), asked) == "foreign");
    BOOST_TEST((!verify(sas_url(sas), asked).expires));
    sas = usual();
    for (const char* start :
         {"2026-01-15T12:30:00Z", "2026-01-15T12:29Z", "2026-01-15", "2026-01-15T12:29:59.0000000Z"}) {
        sas.start = start;
        BOOST_TEST(by(sas_url(sas), asked) == "own", start);
    }
    for (const char* start :
         {"2026-01-15T12:30:01Z", "2026-01-16", "x", "2026-01-15T12:29:59", "2026-01-15T12:29:59+00:00"}) {
        sas.start = start;
        BOOST_TEST(by(sas_url(sas), asked) == "invalid", start);
    }
    sas = usual();
    for (const char* expiry : {"2026-01-15T12:30:00Z", "2026-01-15", "", "soon"}) {
        sas.expiry = expiry;
        BOOST_TEST(by(sas_url(sas), asked) == "invalid", expiry);
    }
    sas.expiry = "2026-01-16";
    BOOST_TEST(by(sas_url(sas), asked) == "own");
}

BOOST_AUTO_TEST_CASE(queries_that_shift_what_is_signed) {
    const auto asked = asked_of(shared_key(key_text));
    const auto url = sas_url(usual());
    for (const char* more :
         {"&rscd=a%0Ab", "&rscd=%0d", "&SP=r", "&sp=r", "&Sig=x", "&RSCT=text%2Fhtml", "&x=%ff", "&x=1;y=2"}) {
        BOOST_TEST(by(url + more, asked) == "invalid", more);
    }
    // An expiry and a resource that another field's line break would give.
    auto sas = usual();
    sas.permissions = "r\n\n2027-01-01";
    BOOST_TEST(by(sas_url(sas), asked) == "invalid");
    BOOST_TEST(by(url + "&rsct=text%2Fhtml", asked) == "foreign"); // not signed
    BOOST_TEST(by(url + "&x=1", asked) == "own");                  // means nothing to the service
    BOOST_TEST(by("https://acct.blob.core.windows.net/files/p/a.mp4?x=1", asked) == "unsigned");
    BOOST_TEST(by("https://acct.blob.core.windows.net/files/p/a.mp4?X-Amz-Signature=1", asked) == "invalid");
}

BOOST_AUTO_TEST_CASE(account_sas) {
    const auto asked = asked_of(shared_key(key_text));
    // learn.microsoft.com, "Create an account SAS": version 2020-12-06 or later.
    const auto url = [](const std::string& services, const std::string& types) {
        const std::string text =
            "acct\nr\n" + services + "\n" + types + "\n\n2026-01-15T13:00:00Z\n\nhttps\n2022-11-02\n\n";
        const hmac_key key(as_key(sluice::base64_decode(key_text)->reveal()));
        const auto mac = key.mac(text);
        const auto sig = sluice::base64_encode({reinterpret_cast<const char*>(mac.data()), mac.size()});
        return "https://acct.blob.core.windows.net/files/p/a.mp4?sv=2022-11-02&ss=" + services + "&srt=" + types +
               "&sp=r&se=2026-01-15T13%3A00%3A00Z&spr=https&sig=" + sluice::percent_encode(sig, sluice::slash::encode);
    };
    BOOST_TEST(by(url("bf", "sco"), asked) == "own");
    BOOST_TEST(by(url("f", "sco"), asked) == "foreign");
    BOOST_TEST(by(url("b", "sc"), asked) == "foreign");
    BOOST_TEST(no_change_is_own(url("b", "o"), asked) > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
