#include "one_store.hpp"

#include <chrono>

using namespace loading;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(stores)

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

BOOST_AUTO_TEST_CASE(internal_paths) {
    const std::string start = an_app + "stores: {a: {type: local, root: /r, internal: ";
    const auto of = [&start](const std::string& path) { return good(start + path + "}}").stores.at("a").internal; };
    for (const auto* path : {"/protected/", "/int/a.b/", "/a/", "/-_~/"}) {
        BOOST_TEST(of(path) == path);
    }
    BOOST_TEST(
        boost::json::parse(redacted_json(good(start + "/x/}}"))).at("stores").at("a").at("internal").as_string() ==
        "/x/");
    for (const auto* path : {"protected/", "/protected", "/", "//", "/a//b/", "/../", "/a/./", "/%41/", "/a b/",
                             "/a;b/", "\"/{x}/\"", "\"\""}) {
        one_fault(start + path + "}}", "2:47", "as in /protected/");
    }
    const auto shared = [&start](const std::string& first, const std::string& second, const std::string& at) {
        one_fault(start + first + "}, b: {type: local, root: /q" + second + "}}", at, "leads to the store");
    };
    shared("/b/", "", "2:47");
    shared("/b/c/", "", "2:47");
    shared("/x/y/", ", internal: /x/", "2:47");
    shared("/x/", ", internal: /x/y/", "2:90");
    good(start + "/x/}, b: {type: local, root: /q, internal: /xy/}}");
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
    BOOST_TEST(said(s3 + "region: r, hedge_after: 4999ms, " + keys) == "");
    BOOST_TEST(said(s3 + "region: r, hedge_after: 5s, " + keys)
                   .starts_with("store \"u\" has hedge_after 5s, which is not less than fallback.after (5s)"));
    BOOST_TEST(said(s3 + "endpoint: 'http://127.0.0.1:1', " + keys) == "");
    BOOST_TEST(said(s3 + "endpoint: 'http://h', anonymous: true") == "");
    BOOST_TEST(said(s3 + "endpoint: 'http://h', " + keys).starts_with("store \"u\" is accessed over plain HTTP"));
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
