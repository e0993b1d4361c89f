#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

#include "loading.hpp"

#include <utility>

using namespace loading;
using namespace std::chrono_literals;

namespace {

const std::string a_preset = an_app + "routes: [{preset: open-webui}]\n";

/// The variables of an app that keeps its files in S3, with some more or others.
variables s3_app(const variables& more = {}) {
    variables all{{"STORAGE_PROVIDER", "s3"},
                  {"S3_ACCESS_KEY_ID", "AKIA"},
                  {"S3_SECRET_ACCESS_KEY", "hunter2"},
                  {"S3_REGION_NAME", "eu-central-1"},
                  {"S3_BUCKET_NAME", "media"}};
    for (const auto& [name, value] : more) {
        all[name] = value;
    }
    return all;
}

/// That these variables make no store, for exactly one reason, which names `variable`; the configuration is valid.
void fault_of(const std::string& variable, std::string_view part, const variables& environment) {
    const auto c = good(a_preset, options(environment));
    BOOST_TEST(c.stores.empty());
    BOOST_REQUIRE(c.unusable_stores.size() == 1U);
    BOOST_TEST(c.unusable_stores[0].name == "open-webui");
    BOOST_TEST(c.routes.at(0).store == "open-webui");
    std::string all;
    for (const auto& each : c.unusable_stores[0].faults) {
        all.append(to_string(each)).append("\n");
    }
    BOOST_TEST_CONTEXT(variable << " => " << all) {
        BOOST_TEST(std::count(all.begin(), all.end(), '\n') == 1);
        BOOST_TEST(all.starts_with(variable + ": error: "));
        BOOST_TEST(all.find(part) != std::string::npos);
        BOOST_TEST(all.find("hunter2") == std::string::npos);
    }
}

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
        fault_at(pair, "exclude each other");
    }
    fault_at("authorize: @@none", "its answer names the object");
    fault_at("@@authorize: ", "authorize\" is missing: the answer");
    fault_at("authorize: {ttl: @@11s}", "must be from 0s to 10s");
    fault_at("authorize: {subrequest: @@\"/api/v1/files/{id}/data\"}", "set by the preset");
    fault_at("authorize: {accept: @@[200]}", "exclude each other");
    fault_at("authorize: {ignore_headers: @@[Cookie]}", "tells callers apart");
    fault_at("authorize: {@@tll: 1s}", "unknown key");
    fault_at("name: @@relay", "must not be relay");
    fault_at("delivery: @@redirect", "cannot be redirect"); // its store is local
    const auto redirects = good(an_app + "routes: [{preset: open-webui, delivery: redirect}]", options(s3_app()));
    one_fault(an_app + "routes: [{preset: open-webui, delivery: redirect, compress: {}}]", "2:61", "means nothing",
              options(s3_app()));
    BOOST_TEST((redirects.routes.at(0).delivery == delivery::redirect));
    fault_at("compress: @@gzip", "must be one of none");
    fault_at("compress: {max_size: @@1B}", "must be from 1KiB to 1GiB");
    fault_at("compress: {@@level: 1}", "unknown key");
    fault_at("@@pathh: /a", "unknown key");
    one_fault(an_app + "routes: [{preset: openwebui, name: o}]", "2:19", "must be one of open-webui");
    one_fault(an_app + "routes: [{preset: open-webui}, {preset: open-webui}]", "2:32", "another route's");
}

BOOST_AUTO_TEST_CASE(local_by_default) {
    const auto root = [](const variables& environment) {
        const auto c = good(a_preset, options(environment));
        BOOST_TEST((c.stores.at("open-webui").type == store_type::local));
        BOOST_TEST(c.routes.at(0).store == "open-webui");
        return c.stores.at("open-webui").root;
    };
    BOOST_TEST(root({}) == "/app/backend/data/uploads");
    BOOST_TEST(root({{"STORAGE_PROVIDER", ""}, {"DATA_DIR", ""}}) == "/app/backend/data/uploads");
    BOOST_TEST(root({{"STORAGE_PROVIDER", "local"}, {"DATA_DIR", "/data"}}) == "/data/uploads");
    BOOST_TEST(root({{"DATA_DIR", "/data//x/../"}}) == "/data/uploads");
    // What another provider would need says nothing.
    BOOST_TEST(root({{"S3_ENDPOINT_URL", "nonsense"}}) == "/app/backend/data/uploads");
    fault_of("DATA_DIR", "absolute", {{"DATA_DIR", "data"}});
    fault_of("DATA_DIR", "control characters", {{"DATA_DIR", "/a\nb"}});
    fault_of("STORAGE_PROVIDER", "must be one of local, s3, gcs, azure", {{"STORAGE_PROVIDER", "S3"}});
}

BOOST_AUTO_TEST_CASE(s3_variables) {
    const auto made = [](const variables& more) {
        return good(a_preset, options(s3_app(more))).stores.at("open-webui");
    };
    const auto s = made({});
    BOOST_TEST((s.type == store_type::s3));
    BOOST_TEST(s.name == "open-webui");
    BOOST_TEST(s.bucket == "media");
    BOOST_TEST(s.region == "eu-central-1");
    BOOST_TEST(!s.endpoint.has_value());
    BOOST_TEST(s.prefix == "");
    BOOST_TEST((s.addressing == addressing_style::automatic));
    BOOST_TEST(keys_of(s).access_key_id == "AKIA");
    BOOST_TEST(keys_of(s).secret_access_key.reveal() == "hunter2");
    for (const auto* prefix : {"a/b", "/up", "a/../b", ""}) { // no check on keys
        BOOST_TEST(made({{"S3_KEY_PREFIX", prefix}}).prefix == "", prefix);
    }
    BOOST_TEST((made({{"S3_ADDRESSING_STYLE", "path"}}).addressing == addressing_style::path));
    BOOST_TEST((made({{"S3_ADDRESSING_STYLE", "virtual"}}).addressing == addressing_style::virtual_hosted));
    const auto own = made({{"S3_ENDPOINT_URL", "http://minio:9000"}, {"S3_REGION_NAME", ""}});
    BOOST_TEST(own.endpoint->authority() == "minio:9000");
    BOOST_TEST(own.region == "us-east-1");
    // As boto3 does in the app where its own variable is empty.
    BOOST_TEST(made({{"S3_ENDPOINT_URL", ""}, {"AWS_ENDPOINT_URL_S3", "http://ceph:8000"}}).endpoint->authority() ==
               "ceph:8000");
    BOOST_TEST(made({{"S3_USE_ACCELERATE_ENDPOINT", "false"}}).bucket == "media");
    // Values are not expanded once more.
    BOOST_TEST(keys_of(made({{"S3_SECRET_ACCESS_KEY", "a${B}$c"}})).secret_access_key.reveal() == "a${B}$c");
}

BOOST_AUTO_TEST_CASE(bad_variables_are_named) {
    fault_of("S3_BUCKET_NAME", "bucket's name", s3_app({{"S3_BUCKET_NAME", "a/b"}}));
    fault_of("S3_BUCKET_NAME", "is not set", s3_app({{"S3_BUCKET_NAME", ""}}));
    fault_of("S3_REGION_NAME", "region's name", s3_app({{"S3_REGION_NAME", "eu west"}}));
    fault_of("S3_ENDPOINT_URL", "endpoint", s3_app({{"S3_ENDPOINT_URL", "minio:9000"}}));
    fault_of("S3_ENDPOINT_URL", "endpoint", s3_app({{"S3_ENDPOINT_URL", "http://u:hunter2@minio"}}));
    fault_of("S3_ADDRESSING_STYLE", "must be one of auto, path, virtual", s3_app({{"S3_ADDRESSING_STYLE", "dns"}}));
    fault_of("S3_ACCESS_KEY_ID", "access key's id", s3_app({{"S3_ACCESS_KEY_ID", "hunter2 /"}}));
    fault_of("S3_SECRET_ACCESS_KEY", "control characters", s3_app({{"S3_SECRET_ACCESS_KEY", "hunter2\n"}}));
}

BOOST_AUTO_TEST_CASE(s3_without_keys) {
    // The app takes the default chain where either is missing, and so does the store.
    for (const auto* missing : {"S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}) {
        const auto c = good(a_preset, options(s3_app({{missing, ""}})));
        BOOST_TEST(std::holds_alternative<default_chain>(c.stores.at("open-webui").credentials), missing);
        BOOST_TEST(c.routes.at(0).store == "open-webui");
    }
    const auto made = [](const variables& more) {
        return good(a_preset, options(s3_app(more))).stores.at("open-webui");
    };
    BOOST_TEST(made({{"S3_REGION_NAME", ""}}).region == "us-east-1");
    BOOST_TEST(made({{"S3_REGION_NAME", ""}, {"AWS_REGION", "eu-west-1"}}).region == "eu-west-1");
    const variables own{{"S3_REGION_NAME", ""}, {"S3_ENDPOINT_URL", "http://h:1/s3"}, {"AWS_REGION", "eu-west-1"}};
    BOOST_TEST(made(own).region == "us-east-1"); // boto3 does not know that variable
    BOOST_TEST(made(own).endpoint->path == "/s3");
    auto with_default = own;
    with_default["AWS_DEFAULT_REGION"] = "eu-west-2"; // but this one
    BOOST_TEST(made(with_default).region == "eu-west-2");
    BOOST_TEST(made({{"S3_USE_ACCELERATE_ENDPOINT", "True"}}).accelerate);
    BOOST_TEST(!made({{"S3_USE_ACCELERATE_ENDPOINT", "1"}}).accelerate);
    fault_of("S3_USE_ACCELERATE_ENDPOINT", "exclude each other",
             s3_app({{"S3_USE_ACCELERATE_ENDPOINT", "true"}, {"S3_ENDPOINT_URL", "http://minio:9000"}}));
    fault_of("S3_USE_ACCELERATE_ENDPOINT", "without dots",
             s3_app({{"S3_USE_ACCELERATE_ENDPOINT", "true"}, {"S3_BUCKET_NAME", "my.media"}}));
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
    BOOST_TEST(refused.unusable_stores[0].faults.at(0).file == "S3_KEY_PREFIX");
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
    BOOST_TEST(warned("")[0].find("\"x-mail\"") != std::string::npos);
    BOOST_TEST(warned("trusted_proxies: [10.0.0.1]\n").empty());
    // One field for two things, none, and what no request can hold.
    BOOST_TEST((stripped({{"WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "X-User"},
                          {"WEBUI_AUTH_TRUSTED_NAME_HEADER", "X-User"}}) == std::vector<std::string>{"x-user"}));
    BOOST_TEST(
        stripped({{"WEBUI_AUTH_TRUSTED_EMAIL_HEADER", ""}, {"WEBUI_AUTH_TRUSTED_NAME_HEADER", "X User"}}).empty());
    // Without the preset the variables say nothing.
    BOOST_TEST(good(an_app, options(all)).strip_request_headers.empty());
    for (const auto& name : {std::string("Host"), std::string(129, 'x')}) {
        const auto faults = bad(a_preset, options({{"WEBUI_AUTH_TRUSTED_EMAIL_HEADER", name}}));
        BOOST_TEST(faults.starts_with("WEBUI_AUTH_TRUSTED_EMAIL_HEADER: error: "), faults);
    }
}

BOOST_AUTO_TEST_CASE(gcs_variables) {
    const std::string key = R"({"type": "service_account", "client_email": "a@b", "private_key": "hunter2"})";
    const auto made = [](const variables& more) {
        variables all{{"STORAGE_PROVIDER", "gcs"}, {"GCS_BUCKET_NAME", "media"}};
        all.insert(more.begin(), more.end());
        const auto c = good(a_preset, options(all));
        BOOST_TEST(c.routes.at(0).store == "open-webui");
        return c.stores.at("open-webui");
    };
    const auto keyless = made({});
    BOOST_TEST((keyless.type == store_type::gcs));
    BOOST_TEST(keyless.bucket == "media");
    BOOST_TEST(std::holds_alternative<default_chain>(keyless.credentials));
    const auto keyed = made({{"GOOGLE_APPLICATION_CREDENTIALS_JSON", key}});
    BOOST_TEST(std::get<gcs_credentials_file>(keyed.credentials).json.reveal() == key);
    BOOST_TEST(std::holds_alternative<default_chain>(made({{"GOOGLE_APPLICATION_CREDENTIALS_JSON", ""}}).credentials));
    const auto emulated = made({{"STORAGE_EMULATOR_HOST", "gcs:4443"}});
    BOOST_TEST(emulated.endpoint->authority() == "gcs:4443");
    BOOST_TEST(emulated.anonymous);
    fault_of("GCS_BUCKET_NAME", "is not set", {{"STORAGE_PROVIDER", "gcs"}});
    const auto fault = [](const std::string& text, std::string_view part) {
        fault_of(
            "GOOGLE_APPLICATION_CREDENTIALS_JSON", part,
            {{"STORAGE_PROVIDER", "gcs"}, {"GCS_BUCKET_NAME", "media"}, {"GOOGLE_APPLICATION_CREDENTIALS_JSON", text}});
    };
    fault("/run/secret", "must be JSON"); // the app takes no path there
    fault("hunter2", "must be JSON");
    fault("{\"hunter2\"", "does not hold a JSON object");
    fault("{\"type\": \"hunter2\"}", "that is known");
}

BOOST_AUTO_TEST_CASE(azure_variables) {
    const auto all = [](const variables& more) {
        variables v{{"STORAGE_PROVIDER", "azure"},
                    {"AZURE_STORAGE_ENDPOINT", "https://acct.blob.core.windows.net/"},
                    {"AZURE_STORAGE_CONTAINER_NAME", "media"},
                    {"AZURE_STORAGE_KEY", "aHVudGVyMg=="}};
        for (const auto& [name, value] : more) {
            v[name] = value;
        }
        return v;
    };
    const auto made = [&](const variables& more) {
        const auto c = good(a_preset, options(all(more)));
        return c.stores.at("open-webui");
    };
    const auto keyed = made({});
    BOOST_TEST((keyed.type == store_type::azure));
    BOOST_TEST(keyed.account == "acct");
    BOOST_TEST(keyed.bucket == "media");
    BOOST_TEST(keyed.endpoint->authority() == "acct.blob.core.windows.net");
    BOOST_TEST(std::get<azure_account_key>(keyed.credentials).key.reveal() == "aHVudGVyMg==");
    BOOST_TEST(std::holds_alternative<default_chain>(made({{"AZURE_STORAGE_KEY", ""}}).credentials));
    const auto azurite = made({{"AZURE_STORAGE_ENDPOINT", "http://azurite:10000/devstoreaccount1"}});
    BOOST_TEST(azurite.account == "devstoreaccount1");
    BOOST_TEST(azurite.endpoint->path == "/devstoreaccount1");
    fault_of("AZURE_STORAGE_ENDPOINT", "is not set", all({{"AZURE_STORAGE_ENDPOINT", ""}}));
    fault_of("AZURE_STORAGE_CONTAINER_NAME", "is not set", all({{"AZURE_STORAGE_CONTAINER_NAME", ""}}));
    fault_of("AZURE_STORAGE_CONTAINER_NAME", "container's name", all({{"AZURE_STORAGE_CONTAINER_NAME", "a/b"}}));
    fault_of("AZURE_STORAGE_ENDPOINT", "account\" is missing",
             all({{"AZURE_STORAGE_ENDPOINT", "https://media.example"}}));
    fault_of("AZURE_STORAGE_KEY", "base64", all({{"AZURE_STORAGE_KEY", "hunter2"}}));
    fault_of("AZURE_STORAGE_ENDPOINT", "must be https",
             all({{"AZURE_STORAGE_ENDPOINT", "http://azurite:10000/acct"}, {"AZURE_STORAGE_KEY", ""}}));
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
    fault_at("store: @@down", "store that there is not");
    // Two presets share the store that is made.
    const auto two = good(an_app + "routes: [{preset: open-webui}, {preset: open-webui, name: b}]", options(s3_app()));
    BOOST_TEST(two.stores.size() == 1U);
    // Without the preset the variables say nothing.
    BOOST_TEST(good(an_app, options(s3_app())).stores.empty());
    BOOST_TEST(bad(an_app, options({{"STORAGE_PROVIDER", "nonsense"}})) == "");
}

BOOST_AUTO_TEST_SUITE_END()
