#include "preset.hpp"

#include <algorithm>

using namespace loading;

namespace {

/// That these variables make no store, for exactly one reason, which names `variable`; the configuration is valid.
void fault_of(const std::string& variable, std::string_view part, const variables& environment) {
    const auto c = good(a_preset, options(environment));
    BOOST_TEST(c.stores.empty());
    BOOST_REQUIRE(c.unusable_stores.size() == 1U);
    BOOST_TEST(c.unusable_stores[0].name == "open-webui");
    BOOST_TEST(c.routes.at(0).store == "open-webui");
    std::string all;
    for (const auto& each : c.unusable_stores[0].diagnostics) {
        all.append(to_string(each)).append("\n");
    }
    BOOST_TEST_CONTEXT(variable << " => " << all) {
        BOOST_TEST(std::count(all.begin(), all.end(), '\n') == 1);
        BOOST_TEST(all.starts_with(variable + ": error: "));
        BOOST_TEST(all.find(part) != std::string::npos);
        BOOST_TEST(all.find("hunter2") == std::string::npos);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(preset_open_webui_stores)

BOOST_AUTO_TEST_CASE(local_by_default) {
    const auto root = [](const variables& environment) {
        const auto c = good(a_preset, options(environment));
        BOOST_TEST(type_of(c.stores.at("open-webui")) == "local");
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
    BOOST_TEST(type_of(s) == "s3");
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
    fault_of("S3_USE_ACCELERATE_ENDPOINT", "are mutually exclusive",
             s3_app({{"S3_USE_ACCELERATE_ENDPOINT", "true"}, {"S3_ENDPOINT_URL", "http://minio:9000"}}));
    fault_of("S3_USE_ACCELERATE_ENDPOINT", "without dots",
             s3_app({{"S3_USE_ACCELERATE_ENDPOINT", "true"}, {"S3_BUCKET_NAME", "my.media"}}));
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
    BOOST_TEST(type_of(keyless) == "gcs");
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
    BOOST_TEST(type_of(keyed) == "azure");
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

BOOST_AUTO_TEST_SUITE_END()
