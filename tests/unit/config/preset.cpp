#include "preset.hpp"

#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

using namespace loading;
using namespace std::chrono_literals;

namespace {

/// That a route with the preset and `keys` has exactly one fault, where `@@` stands in them.
void fault_at(std::string keys, std::string_view part) {
    const auto at = keys.find("@@");
    keys.erase(at, 2);
    one_fault(an_app + "routes: [{preset: open-webui, " + keys + "}]", "2:" + std::to_string(31 + at), part);
}

} // namespace

BOOST_AUTO_TEST_SUITE(preset_open_webui)

BOOST_AUTO_TEST_CASE(the_route) {
    const auto c = good(a_preset);
    const auto& r = c.routes.at(0);
    BOOST_TEST((r.preset == preset::open_webui));
    BOOST_TEST(r.name == "open-webui");
    BOOST_TEST(r.path == "/api/v1/files/{id}/content");
    BOOST_TEST((r.other_paths == std::vector<std::string>{"/api/v1/files/{id}/content/{file_name}"}));
    BOOST_TEST((r.query == query_policy::any));
    BOOST_REQUIRE(r.compress.has_value());
    BOOST_TEST(r.compress->max_size == 8U << 20U);
    const auto& leave = std::get<authorize_subrequest>(r.authorize);
    BOOST_TEST(leave.path == "/api/v1/files/{id}");
    BOOST_TEST((leave.ttl == 10s));
    BOOST_TEST((leave.timeout == 60s));
    BOOST_TEST(leave.ignore_headers.empty());
    BOOST_TEST(leave.accept.empty());
    BOOST_REQUIRE(r.resolve.has_value());
    BOOST_TEST(r.resolve->object == "/path");
    BOOST_TEST(r.resolve->content_type == "/meta/content_type");
    BOOST_TEST(r.resolve->filename == "/meta/name");
    BOOST_TEST(r.resolve->filename_fallback == "/filename");
    BOOST_TEST(r.resolve->needed == "/meta");
    BOOST_TEST(r.object == "");
    BOOST_TEST(warnings(c).empty());
    const auto shown = boost::json::parse(redacted_json(c)).at("routes").as_array().at(0);
    BOOST_TEST(shown.at("preset").as_string() == "open-webui");
    BOOST_TEST(shown.at("store").as_string() == "open-webui");
    BOOST_TEST(shown.at("compress").at("max_size").as_string() == "8MiB");
    BOOST_TEST(!good(an_app + "routes: [{preset: open-webui, compress: none}]").routes.at(0).compress.has_value());
}

BOOST_AUTO_TEST_CASE(what_a_route_may_add) {
    const auto c = good(an_app + "routes: [{preset: open-webui, name: files, authorize: {ttl: 2s, timeout: 1s, "
                                 "ignore_headers: [X-A]}, cors: {origins: [\"https://a\"]}, max_age: 1h, "
                                 "server_timing: true, headers: {X-B: c}, delivery: stream}]");
    const auto& r = c.routes.at(0);
    BOOST_TEST(r.name == "files");
    const auto& leave = std::get<authorize_subrequest>(r.authorize);
    BOOST_TEST(leave.path == "/api/v1/files/{id}");
    BOOST_TEST((leave.ttl == 2s));
    BOOST_TEST((leave.timeout == 1s));
    BOOST_TEST((leave.ignore_headers == std::vector<std::string>{"x-a"}));
    BOOST_TEST(r.cors.has_value());
    BOOST_TEST((r.max_age == 1h));
    good(an_app + "routes: [{preset: open-webui, authorize: {subrequest: \"/api/v1/files/{id}\", ttl: 0}}]");
    for (const std::string pair :
         {"path: @@/a", "query: @@any", "object: @@o", "resolve: @@{object: /p}", "object_header: @@X-A"}) {
        fault_at(pair, "are mutually exclusive");
    }
    fault_at("authorize: @@none", "its answer names the object");
    fault_at("@@authorize: ", "authorize\" is missing: the answer");
    fault_at("authorize: {ttl: @@11s}", "must be from 0s to 10s");
    fault_at("authorize: {subrequest: @@\"/api/v1/files/{id}/data\"}", "set by the preset");
    fault_at("authorize: {accept: @@[200]}", "are mutually exclusive");
    fault_at("authorize: {ignore_headers: @@[Cookie]}", "tells callers apart");
    fault_at("authorize: {@@tll: 1s}", "unknown key");
    fault_at("name: @@relay", "must not be relay");
    fault_at("delivery: @@redirect", "cannot be redirect"); // its store is local
    const auto redirects = good(an_app + "routes: [{preset: open-webui, delivery: redirect}]", options(s3_app()));
    one_fault(an_app + "routes: [{preset: open-webui, delivery: redirect, compress: {}}]", "2:61", "means nothing",
              options(s3_app()));
    BOOST_TEST((redirects.routes.at(0).delivery == delivery::redirect));
    fault_at("compress: @@gzip", "must be none, or a mapping as in {max_size: 8MiB}");
    fault_at("compress: @@[gzip]", "must be none, or a mapping as in {max_size: 8MiB}");
    fault_at("@@compress: ~", "must be none, or a mapping as in {max_size: 8MiB}");
    fault_at("compress: {max_size: @@1B}", "must be from 1KiB to 1GiB");
    fault_at("compress: {@@level: 1}", "unknown key");
    fault_at("@@pathh: /a", "unknown key");
    one_fault(an_app + "routes: [{preset: openwebui, name: o}]", "2:19", "must be one of open-webui");
    one_fault(an_app + "routes: [{preset: open-webui}, {preset: open-webui}]", "2:32", "another route's");
}

BOOST_AUTO_TEST_CASE(buckets_that_the_app_recorded) {
    const auto with = [](const std::string& keys, const variables& more = {}) {
        return good(an_app + "routes: [{preset: open-webui" + keys + "}]", options(s3_app(more)));
    };
    BOOST_TEST((with("").routes.at(0).preset_bucket == preset_bucket::configured));
    BOOST_TEST(
        (with(", preset_options: {bucket: configured}").routes.at(0).preset_bucket == preset_bucket::configured));
    const std::string recorded = ", preset_options: {bucket: recorded}";
    BOOST_TEST((with(recorded).routes.at(0).preset_bucket == preset_bucket::recorded));
    const auto prefix = [&](const std::string& text) {
        return with(recorded, {{"S3_KEY_PREFIX", text}}).stores.at("open-webui").prefix;
    };
    BOOST_TEST(prefix("a/b") == "a/b/");
    BOOST_TEST(prefix("a/b/") == "a/b/");
    BOOST_TEST(prefix("/up") == "/up/");
    BOOST_TEST(prefix("") == "");
    const auto refused = with(recorded, {{"S3_KEY_PREFIX", "a/../b"}});
    BOOST_REQUIRE(refused.unusable_stores.size() == 1U);
    BOOST_TEST(refused.unusable_stores[0].diagnostics.at(0).file == "S3_KEY_PREFIX");
    fault_at("preset_options: {bucket: @@any}", "must be one of configured, recorded");
    fault_at("preset_options: {@@buckets: recorded}", "unknown key");
    fault_at("preset_options: @@recorded", "must be a mapping");
    const auto shown = boost::json::parse(redacted_json(with(recorded))).at("routes").as_array().at(0);
    BOOST_TEST(shown.at("preset_options").at("bucket").as_string() == "recorded");
}

BOOST_AUTO_TEST_CASE(identity_fields_of_the_app_are_stripped) {
    const auto stripped = [](const variables& env, const std::string& more = "") {
        return good(more + a_preset, options(env)).strip_request_headers;
    };
    BOOST_TEST(stripped({}).empty());
    const variables all{{"WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "X-Mail"},
                        {"WEBUI_AUTH_TRUSTED_NAME_HEADER", "X-Name"},
                        {"WEBUI_AUTH_TRUSTED_GROUPS_HEADER", "X-Groups"},
                        {"WEBUI_AUTH_TRUSTED_ROLE_HEADER", "X-Role"}};
    BOOST_TEST((stripped(all) == std::vector<std::string>{"x-mail", "x-name", "x-groups", "x-role"}));
    BOOST_TEST((stripped(all, "strip_request_headers: [X-Other, x-mail]\n") ==
                std::vector<std::string>{"x-other", "x-mail", "x-name", "x-groups", "x-role"}));
    const auto warned = [&](const std::string& more) { return warnings(good(more + a_preset, options(all))); };
    BOOST_REQUIRE(warned("").size() == 1U);
    BOOST_TEST(warned("")[0] == "trusted_proxies is empty, so the fields that name users to the app are removed from "
                                "every request: x-mail, x-name, x-groups, x-role; name the proxy that sets them");
    BOOST_TEST(warned("trusted_proxies: [10.0.0.1]\n").empty());
    // One field for two things, none, and what no request can hold.
    BOOST_TEST((stripped({{"WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "X-User"},
                          {"WEBUI_AUTH_TRUSTED_NAME_HEADER", "X-User"}}) == std::vector<std::string>{"x-user"}));
    BOOST_TEST(
        stripped({{"WEBUI_AUTH_TRUSTED_EMAIL_HEADER", ""}, {"WEBUI_AUTH_TRUSTED_NAME_HEADER", "X User"}}).empty());
    // Without the preset the variables say nothing.
    BOOST_TEST(good(an_app, options(all)).strip_request_headers.empty());
    const auto fault = [](const std::string& name) {
        return bad(a_preset, options({{"WEBUI_AUTH_TRUSTED_EMAIL_HEADER", name}}));
    };
    BOOST_TEST(fault(std::string(129, 'x')) == "WEBUI_AUTH_TRUSTED_EMAIL_HEADER: error: is longer than 128 bytes\n");
    for (const std::string name : {"Host", "Cookie", "AUTHORIZATION", "Content-Length"}) {
        BOOST_TEST(fault(name) == "WEBUI_AUTH_TRUSTED_EMAIL_HEADER: error: names a field that every request has, so it "
                                  "cannot say who signs in: name the field that your proxy sets, as in "
                                  "X-Forwarded-Email\n",
                   name);
    }
}

BOOST_AUTO_TEST_CASE(stores_of_the_file) {
    // One of the preset's name is used whatever the variables say; so is one that the route names.
    const auto named = good(an_app + "stores: {open-webui: {type: local, root: /mine}}\nroutes: [{preset: open-webui}]",
                            options({{"STORAGE_PROVIDER", "gcs"}}));
    BOOST_TEST(named.stores.at("open-webui").root == "/mine");
    BOOST_TEST(named.routes.at(0).store == "open-webui");
    BOOST_TEST(named.unusable_stores.empty());
    const auto other =
        good(an_app + "stores: {mine: {type: local, root: /mine}}\nroutes: [{preset: open-webui, store: mine}]",
             options({{"STORAGE_PROVIDER", "nonsense"}}));
    BOOST_TEST(other.routes.at(0).store == "mine");
    BOOST_TEST(other.stores.size() == 1U);
    fault_at("store: @@down", "does not have");
    // Two presets share the store that is made.
    const auto two = good(an_app + "routes: [{preset: open-webui}, {preset: open-webui, name: b}]", options(s3_app()));
    BOOST_TEST(two.stores.size() == 1U);
    // Without the preset the variables say nothing.
    BOOST_TEST(good(an_app, options(s3_app())).stores.empty());
    BOOST_TEST(bad(an_app, options({{"STORAGE_PROVIDER", "nonsense"}})) == "");
}

BOOST_AUTO_TEST_SUITE_END()
