// The layouts of every version of SAS, on which two implementations agree, and the paths of blobs.
#include <sluice/base/base64.hpp>
#include <sluice/sign/azure/address.hpp>
#include <sluice/sign/azure/sas.hpp>

#include <boost/test/unit_test.hpp>

#include "../vectors.hpp"

#include <map>

namespace {

using namespace sluice::sign;
namespace json = boost::json;
using vectors::text;

using pairs_by_name = std::map<std::string, std::string>;

pairs_by_name by_name(const vectors::pairs& list) {
    pairs_by_name out;
    for (const auto& [name, value] : list) {
        BOOST_TEST(out.emplace(name, value).second, name << " is there twice");
    }
    return out;
}

sluice::config::store store_of(const json::object& test) {
    sluice::config::store store;
    store.account = text(test, "account");
    store.bucket = text(test, "container");
    return store;
}

void run_case(const json::object& test) {
    const json::object& expect = test.at("expect").as_object();
    const bool delegated = text(test, "kind") == "user_delegation";
    const azure_address address = resolve_azure_address(store_of(test));
    const std::string blob = text(test, "blob");
    const std::string canonical = address.canonical + (blob.empty() ? "" : "/" + blob);
    // Names of members are those of the fields; all texts must live as long as the views.
    std::map<std::string, std::string, std::less<>> all;
    const auto field = [&](const char* name) -> std::string_view {
        return all.emplace(name, text(test, name)).first->second;
    };
    const std::string snapshot = text(test, "snapshot") + text(test, "version_id");
    const vectors::pairs headers = vectors::pairs_of(test, "srh");
    const vectors::pairs query = vectors::pairs_of(test, "srq");
    const auto header_views = vectors::views(headers);
    const auto query_views = vectors::views(query);

    azure_sas sas;
    sas.version = field("sv");
    sas.permissions = field("sp");
    sas.start = field("st");
    sas.expiry = field("se");
    sas.canonical_resource = canonical;
    sas.identifier = field("si");
    sas.ip = field("sip");
    sas.protocol = field("spr");
    sas.resource = field("resource");
    sas.snapshot = snapshot;
    sas.encryption_scope = field("ses");
    sas.cache_control = field("rscc");
    sas.content_disposition = field("rscd");
    sas.content_encoding = field("rsce");
    sas.content_language = field("rscl");
    sas.content_type = field("rsct");
    sas.headers = header_views;
    sas.query = query_views;
    azure_delegation by;
    std::string key_text = text(test, "account_key");
    pairs_by_name key;
    if (delegated) {
        for (const auto& member : test.at("user_delegation_key").as_object()) {
            key[std::string(member.key())] = std::string(member.value().as_string());
        }
        by = {key["oid"],     key["tid"], key["start"],  key["expiry"],        key["service"], key["version"],
              field("saoid"), {},         field("scid"), key["delegated_tid"], field("sduoid")};
        sas.delegation = &by;
        key_text = key["value"];
    }

    BOOST_TEST(azure_string_to_sign(sas) == text(expect, "string_to_sign"));
    const auto bytes = sluice::base64_decode(key_text);
    BOOST_REQUIRE(bytes);
    const std::string signed_query = azure_signed_query(sas, hmac_key(as_key(bytes->reveal())));
    const auto sent = by_name(vectors::split_query(signed_query));
    pairs_by_name wanted;
    for (const auto& member : expect.at("sas_params").as_object()) {
        wanted[std::string(member.key())] = std::string(member.value().as_string());
    }
    BOOST_TEST((sent == wanted), "the query is " << signed_query);
    BOOST_TEST(sent.at("sig") == text(expect, "sig"));
    // "+", "/" and "=" of base64 would mean something else in a query.
    BOOST_TEST(signed_query.find_first_of("+/ \"") == std::string::npos);

    if (!blob.empty()) {
        const auto path = azure_path(address, blob);
        BOOST_REQUIRE(path);
        BOOST_TEST("https://" + address.authority + *path == text(expect, "resource_url"));
    }
}

sluice::config::store store_at(sluice::config::url endpoint) {
    sluice::config::store store;
    store.account = "acct1";
    store.bucket = "media";
    store.endpoint = std::move(endpoint);
    return store;
}

std::string path_of(std::string_view blob) {
    const auto path = azure_path(resolve_azure_address(store_at({true, "h", 443, ""})), blob);
    return path ? *path : std::string(sluice::to_string(path.error().code));
}

} // namespace

BOOST_AUTO_TEST_SUITE(azure_shared_access_signatures)

BOOST_AUTO_TEST_CASE(all_cases_of_the_vectors) {
    const auto file = vectors::read(std::filesystem::path(SLUICE_TEST_VECTORS) / "azure_blob_sas.json");
    std::map<std::string, int> done;
    for (const auto& value : file.at("cases").as_array()) {
        const json::object& test = value.as_object();
        BOOST_TEST_CONTEXT(text(test, "id")) {
            run_case(test);
            ++done[text(test, "kind")];
        }
    }
    BOOST_TEST_MESSAGE("azure_blob_sas.json: " << done["service"] << " service, " << done["user_delegation"]
                                               << " user delegation");
    BOOST_TEST(done["service"] == 32);
    BOOST_TEST(done["user_delegation"] == 21);
}

BOOST_AUTO_TEST_CASE(addresses) {
    const auto emulator = resolve_azure_address(store_at({false, "127.0.0.1", 10000, "/acct1"}));
    BOOST_TEST(emulator.authority == "127.0.0.1:10000");
    BOOST_TEST(emulator.base == "/acct1/media");
    BOOST_TEST(emulator.canonical == "/blob/acct1/media"); // the account once, whatever the path
    BOOST_TEST(*azure_path(emulator, "a b/c") == "/acct1/media/a%20b/c");
    const auto v6 = resolve_azure_address(store_at({true, "::1", 443, "/acct1"}));
    BOOST_TEST(v6.authority == "[::1]");
    BOOST_TEST(v6.host == "::1");

    sluice::config::store store = store_at({});
    store.endpoint.reset();
    BOOST_TEST(resolve_azure_address(store).authority == "acct1.blob.core.windows.net");
    store.bucket.clear();
    BOOST_CHECK_THROW((void)resolve_azure_address(store), std::invalid_argument);
    store.bucket = "media";
    store.account.clear();
    BOOST_CHECK_THROW((void)resolve_azure_address(store), std::invalid_argument);
    store.anonymous = true;
    BOOST_CHECK_THROW((void)resolve_azure_address(store), std::invalid_argument);
    store.endpoint = sluice::config::url{true, "cdn.example", 443, ""};
    BOOST_TEST(resolve_azure_address(store).base == "/media");
}

BOOST_AUTO_TEST_CASE(names_of_blobs) {
    BOOST_TEST(path_of("a//b.bin") == "/media/a//b.bin");
    BOOST_TEST(path_of("/a") == "/media//a");
    BOOST_TEST(path_of("%2e%2e/..a/b..") == "/media/%252e%252e/..a/b..");
    BOOST_TEST(path_of("a\\b..\\c") == "/media/a/b../c");
    BOOST_TEST(path_of("a?b#c") == "/media/a%3Fb%23c");
    BOOST_TEST(path_of(std::string(1024, 'k')) == "/media/" + std::string(1024, 'k'));
    std::string umlauts;
    for (int i = 0; i < 1024; ++i) {
        umlauts += "\xc3\xa4";
    }
    BOOST_TEST(path_of(umlauts).size() == 7 + 6 * 1024);
    const std::string_view refused[] = {
        "",     "..\\b", "..",        "a/../b", "a/..",         "./a",      "a/.",
        "a\nb", "\x7f",  "a\xc2\x85", "a\xff",  "\xed\xa0\x80", "\xc0\xaf", std::string_view("a\0b", 3)};
    for (const std::string_view blob : refused) {
        BOOST_TEST(path_of(blob) == "sign_failed", vectors::json::serialize(vectors::json::string(blob)));
    }
    BOOST_TEST(path_of(std::string(1025, 'k')) == "sign_failed");
    BOOST_TEST(path_of(umlauts + "x") == "sign_failed");
}

BOOST_AUTO_TEST_SUITE_END()
