// The settings of an app that keeps its files in S3, as the app's own library (boto3) takes them: the same host, path,
// region and signature, or a refusal where it refuses too.
#include <sluice/config/load.hpp>
#include <sluice/origin/kinds/table.hpp>
#include <sluice/sign/aws/s3_address.hpp>
#include <sluice/sign/aws/s3_signer.hpp>

#include <boost/test/unit_test.hpp>

#include "../../sign/vectors.hpp"

#include <variant>

using namespace sluice::sign;
namespace config = sluice::config;
namespace json = boost::json;

namespace {

/// The store that the preset makes of the settings of one row; nullopt where it makes none.
std::optional<config::store> store_of(const json::object& row) {
    config::load_options options;
    options.automatic_workers = 1;
    options.environment = {{"STORAGE_PROVIDER", "s3"},
                           {"S3_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"},
                           {"S3_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
                           {"S3_BUCKET_NAME", vectors::text(row, "bucket")},
                           {"S3_ENDPOINT_URL", vectors::text(row, "endpoint")},
                           {"S3_ADDRESSING_STYLE", vectors::text(row, "style")},
                           {"S3_REGION_NAME", vectors::text(row, "region")}};
    const auto loaded = config::load_text("app: {url: \"http://127.0.0.1:3000\"}\nroutes: [{preset: open-webui}]\n",
                                          "settings", sluice::origin::store_kinds(), options);
    const auto& stores = std::get<config::config>(loaded).stores;
    return stores.empty() ? std::nullopt : std::optional(stores.begin()->second);
}

/// Where the library sends it, as we write it. Scheme and host are no matter of case; without a region it takes the
/// older name of us-east-1's endpoint, and puts a bucket with dots before an address too, where no host can be.
std::string expected(const json::object& row) {
    std::string url = vectors::text(row, "url");
    const auto end = std::min(url.find('/', url.find("://") + 3), url.size());
    std::string host = url.substr(0, end);
    std::ranges::transform(host, host.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    constexpr std::string_view global = "s3.amazonaws.com";
    if (host.ends_with(global)) {
        host.replace(host.size() - global.size(), global.size(), "s3.us-east-1.amazonaws.com");
    }
    if (host == "http://my.media.127.0.0.1:9000") {
        return "http://127.0.0.1:9000/my.media" + url.substr(end);
    }
    return host + url.substr(end);
}

void check_row(const json::object& row) {
    BOOST_TEST_CONTEXT(json::serialize(row)) {
        const auto store = store_of(row);
        BOOST_TEST(store.has_value() == !row.contains("refused"));
        if (!store) {
            return;
        }
        const auto at = resolve_s3_address(*store);
        BOOST_TEST((at.tls ? "https://" : "http://") + at.authority + object_path(at, vectors::text(row, "key")) ==
                   expected(row));
        // Once it leaves a name that no server has in a scope.
        const auto signed_for = vectors::text(row, "signed_for");
        BOOST_TEST(at.region == (signed_for == "aws-global" ? "us-east-1" : signed_for));
    }
}

struct fixed_keys final : sluice::identity::aws_credentials_provider {
    [[nodiscard]] sluice::identity::aws_credentials_ptr current() const override { return now; }
    sluice::identity::aws_credentials_ptr now =
        std::make_shared<const sluice::identity::aws_credentials>(sluice::identity::aws_credentials{
            "AKIAIOSFODNN7EXAMPLE", sluice::secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}, {}});
};

json::value vectors_of_settings() {
    return vectors::read(std::filesystem::path(SLUICE_TEST_VECTORS) / "s3_settings.json");
}

} // namespace

BOOST_AUTO_TEST_SUITE(settings_of_s3)

BOOST_AUTO_TEST_CASE(are_taken_as_the_apps_library_takes_them) {
    const auto file = vectors_of_settings();
    const auto& table = file.at("table").as_array(); // endpoints x buckets x styles x regions
    BOOST_TEST(table.size() == 240U);
    for (const auto& row : table) {
        BOOST_TEST(!row.as_object().contains("refused"));
        check_row(row.as_object());
    }
    for (const auto& row : file.at("more").as_array()) {
        check_row(row.as_object());
    }
}

BOOST_AUTO_TEST_CASE(sign_the_same_urls) {
    const auto file = vectors_of_settings();
    for (const auto& value : file.at("signed").as_array()) {
        const auto& row = value.as_object();
        BOOST_TEST_CONTEXT(json::serialize(row)) {
            const auto store = store_of(row);
            BOOST_REQUIRE(store.has_value());
            s3_signer signer(*store, std::make_shared<fixed_keys>(),
                             [] { return vectors::time("2026-01-15T12:34:56Z"); });
            const auto made = signer.sign_now(vectors::text(row, "key"), method::get);
            BOOST_REQUIRE(made);
            BOOST_TEST(made->url() == vectors::text(row, "url"));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
