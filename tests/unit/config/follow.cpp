#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

#include "loading.hpp"

using namespace loading;
using namespace std::chrono_literals;

namespace {

const std::string start = "name: a, path: \"/a/{x*}\", ";

/// A configuration with this one route, in line 4; what is in `keys` begins at column 11.
std::string with_route(const std::string& keys) {
    return some_stores + "routes: [{" + keys + "}]";
}

/// That `keys` have exactly one fault, where `@@` stands in them.
void fault_at(std::string keys, std::string_view part) {
    keys.insert(0, start);
    const auto at = keys.find("@@");
    BOOST_REQUIRE(at != std::string::npos);
    keys.erase(at, 2);
    one_fault(with_route(keys), "4:" + std::to_string(11 + at), part);
}

route route_of(const std::string& keys) {
    return good(with_route(start + keys)).routes.at(0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(follow_routes)

BOOST_AUTO_TEST_CASE(defaults) {
    for (const std::string all : {"follow: {}", "follow:"}) {
        const auto r = route_of(all);
        BOOST_REQUIRE(r.follow.has_value());
        BOOST_TEST((r.follow->statuses == std::vector<unsigned>{302, 303, 307, 308}));
        BOOST_TEST((r.follow->ttl == 10s));
        BOOST_TEST((r.follow->trust == redirect_trust::signature));
        BOOST_TEST(!r.allow_inline);
        BOOST_TEST(r.store == "");
    }
    BOOST_TEST(!route_of("store: up, object: o, authorize: none").follow.has_value());
}

BOOST_AUTO_TEST_CASE(settings) {
    const auto r = route_of("store: up, query: any, allow_inline: true, "
                            "follow: {statuses: [301, 302], ttl: 0s, trust: location}");
    BOOST_TEST((r.follow->statuses == std::vector<unsigned>{301, 302}));
    BOOST_TEST((r.follow->ttl == 0s));
    BOOST_TEST((r.follow->trust == redirect_trust::location));
    BOOST_TEST(r.allow_inline);
    BOOST_TEST(r.store == "up");
    const auto typed = route_of("follow: {}, content_type: store, allowed_app_headers: [X-Note]");
    BOOST_TEST((typed.type_from == type_from::store));
    BOOST_TEST((typed.allowed_app_headers == std::vector<std::string>{"x-note"}));
    BOOST_TEST((route_of("follow: {}, content_type: app").type_from == type_from::app));
}

BOOST_AUTO_TEST_CASE(shown_as_configured) {
    const auto c = good(with_route(start + "follow: {trust: location}, allow_inline: true"));
    const auto shown = boost::json::parse(redacted_json(c)).at("routes").as_array().at(0).as_object();
    BOOST_TEST(boost::json::serialize(shown.at("follow")) ==
               R"({"statuses":[302,303,307,308],"ttl":"10s","trust":"location"})");
    BOOST_TEST(shown.at("allow_inline").as_bool());
    for (const auto* other : {"authorize", "object", "object_header", "resolve"}) {
        BOOST_TEST(!shown.contains(other), other);
    }
}

BOOST_AUTO_TEST_CASE(excludes_other_sources) {
    for (const std::string other : {"object: @@o", "resolve: @@{object: /p}", "object_header: @@X-A",
                                    "authorize: @@none", "authorize: @@{subrequest: /a}"}) {
        fault_at("follow: {}, " + other, "and follow are mutually exclusive");
    }
    fault_at("follow: {}, delivery: @@redirect", "cannot be redirect with follow");
    fault_at("follow: {}, store: @@down", "does not have");
    fault_at("store: up, object: o, authorize: none, allow_inline: @@true", "means nothing without follow");
}

BOOST_AUTO_TEST_CASE(wrong_values) {
    fault_at("follow: @@yes", "mapping");
    fault_at("follow: {@@what: 1}", "unknown key");
    fault_at("follow: {statuses: @@[]}", "empty list");
    fault_at("follow: {statuses: @@302}", "list");
    for (const std::string status : {"300", "304", "200", "0302", "x", "\"\""}) {
        fault_at("follow: {statuses: [@@" + status + "]}", "redirect statuses");
    }
    fault_at("follow: {statuses: [302, @@302]}", "twice");
    fault_at("follow: {ttl: @@25h}", "24h");
    fault_at("follow: {ttl: @@10}", "unit");
    fault_at("follow: {trust: @@anybody}", "signature, location");
}

BOOST_AUTO_TEST_CASE(needs_a_store_with_urls) {
    const std::string local = "app: {url: \"http://a\"}\nstores: {disk: {type: local, root: /srv}}\n"
                              "routes: [{name: a, path: /a, ";
    one_fault(local + "follow: {}}]", "3:38", "objects have URLs");
    one_fault(local + "store: disk, follow: {}}]", "3:51", "objects have URLs");
}

BOOST_AUTO_TEST_SUITE_END()
