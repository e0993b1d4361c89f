// The two signers of Azure stores: by account key, and by token with a user delegation key for URLs.
#include <sluice/base/base64.hpp>
#include <sluice/sign/azure/key_signer.hpp>
#include <sluice/sign/azure/token_signer.hpp>
#include <sluice/sign/make_signer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include "../../identity/scripted_client.hpp"
#include "../vectors.hpp"

#include <map>
#include <optional>

using namespace sluice::sign;
using namespace std::chrono_literals;
using sluice::awaitable;
using sluice::errc;
using sluice::error;
using sluice::result;
using sluice::secret;
namespace identity = sluice::identity;
using time_point = std::chrono::system_clock::time_point;

namespace {

const time_point start = vectors::time("2026-01-15T12:00:00Z");
// Azurite's published one.
constexpr std::string_view devstore_key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const identity::environment nothing_set = [](std::string_view) { return std::nullopt; };

sluice::config::store store_of(std::chrono::milliseconds expiry = 1h) {
    sluice::config::store store;
    store.account = "devstoreaccount1";
    store.bucket = "shards";
    store.url_expiry = expiry;
    return store;
}

std::shared_ptr<const hmac_key> key_of(std::string_view base64) {
    return std::make_shared<const hmac_key>(as_key(sluice::base64_decode(base64).value().reveal()));
}

std::map<std::string, std::string> query_of(const signed_request& made) {
    const auto list = vectors::split_query(std::string_view(made.target).substr(made.target.find('?') + 1));
    return {list.begin(), list.end()};
}

std::string code_of(const result<signed_request>& got) {
    return got ? "none" : std::string(to_string(got.error().code));
}

struct key_bench {
    explicit key_bench(const sluice::config::store& store = store_of(),
                       std::size_t capacity = azure_key_signer::default_capacity)
        : signer(
              store, key_of(devstore_key), [this] { return now; }, capacity) {}
    time_point now{start};
    azure_key_signer signer;
};

/// Gives keys that live as long as it is told; counts.
struct key_source final : identity::source<identity::user_delegation_key> {
    awaitable<result<identity::user_delegation_key>> fetch(identity::http_client& by) override {
        (void)by;
        ++asked;
        if (!fault.empty()) {
            co_return error{errc::no_credentials, sluice::error_source::origin, false, fault};
        }
        identity::user_delegation_key key;
        key.oid = "11111111-2222-3333-4444-555555555555";
        key.tid = "66666666-7777-8888-9999-aaaaaaaaaaaa";
        key.start = "2026-01-15T00:00:00Z";
        key.expiry = "2026-01-16T00:00:00Z";
        key.service = "b";
        key.version = "2021-12-02";
        key.value = secret(value);
        key.expires = vectors::time(key.expiry);
        co_return key;
    }
    [[nodiscard]] std::string name() const override { return "fake"; }
    int asked{0};
    std::string fault{};
    std::string value{"pNJoaAF8DM/+Lv5QlE70IRg0ZgzKg0xun4bexqiCRvo="};
};

struct no_caller final : identity::http_client {
    awaitable<result<identity::http_response>> send(const identity::http_request& what) override {
        (void)what;
        BOOST_ERROR("nobody is to be called");
        co_return error{};
    }
};

struct token_provider final : identity::provider<identity::bearer_token> {
    [[nodiscard]] std::shared_ptr<const identity::bearer_token> current() const override { return now; }
    std::shared_ptr<const identity::bearer_token> now;
};

struct token_bench {
    explicit token_bench(const sluice::config::store& store = store_of())
        : tokens(std::make_shared<token_provider>()) {
        give("eyAz", start + 1h);
        auto made = std::make_unique<key_source>();
        source = made.get();
        const auto clock = [this] { return now; };
        keys = std::make_shared<identity::azure_delegation_keys>(std::move(made), clock);
        signer = std::make_unique<azure_token_signer>(store, tokens, keys, clock);
    }
    void give(std::string_view token, std::optional<time_point> expires) {
        tokens->now = std::make_shared<identity::bearer_token>(identity::bearer_token{secret(token), expires, "me"});
    }
    /// With a delegation key, or the try to get one, behind it.
    result<signed_request> presign(std::string_view key, const presign_options& options) {
        if (source->asked == 0) {
            (void)identity::test::run(keys->refresh(nobody));
        }
        return identity::test::run(presigned(*signer, key, options));
    }
    static awaitable<result<signed_request>> presigned(azure_token_signer& by, std::string_view key,
                                                       const presign_options& options) {
        sluice::worker here(0);
        sluice::net::connection_pool pool(here, 1, 1s);
        auto made = co_await by.presign(pool, key, method::get, options);
        co_return made;
    }
    time_point now{start};
    no_caller nobody;
    std::shared_ptr<token_provider> tokens;
    key_source* source{nullptr};
    std::shared_ptr<identity::azure_delegation_keys> keys;
    std::unique_ptr<azure_token_signer> signer;
};

} // namespace

BOOST_AUTO_TEST_SUITE(signer_of_azure)

BOOST_AUTO_TEST_CASE(a_service_sas) {
    key_bench b;
    b.now += 700ms;
    const auto made = b.signer.sign_now("train/00001 a.tar");
    BOOST_REQUIRE(made);
    BOOST_TEST(made->tls);
    BOOST_TEST(made->host == "devstoreaccount1.blob.core.windows.net");
    BOOST_TEST(made->authority == "devstoreaccount1.blob.core.windows.net");
    BOOST_TEST(made->port == 443);
    BOOST_TEST(made->fields.empty());
    BOOST_TEST(!made->only_signed_extensions);
    BOOST_TEST(made->target.starts_with("/shards/train/00001%20a.tar?"));
    BOOST_TEST((made->expires == start + 1h));
    const auto query = query_of(*made);
    const std::map<std::string, std::string> wanted{{"sv", "2021-12-02"}, {"se", "2026-01-15T13:00:00Z"},
                                                    {"sr", "b"},          {"sp", "r"},
                                                    {"spr", "https"},     {"sig", query.at("sig")}};
    BOOST_TEST((query == wanted), made->target); // read-only, https, and from no start on
    // An independent writing of the string to sign.
    const std::string text = "r\n\n2026-01-15T13:00:00Z\n/blob/devstoreaccount1/shards/train/00001 a.tar\n\n\nhttps\n"
                             "2021-12-02\nb\n\n\n\n\n\n\n";
    const auto mac = key_of(devstore_key)->mac(text);
    BOOST_TEST(query.at("sig") ==
               sluice::base64_encode(std::string_view(reinterpret_cast<const char*>(mac.data()), mac.size())));
}

BOOST_AUTO_TEST_CASE(an_emulator) {
    auto store = store_of();
    store.endpoint = sluice::config::url{false, "127.0.0.1", 10000, "/devstoreaccount1"};
    key_bench b(store);
    const auto made = b.signer.sign_now("a.bin");
    BOOST_REQUIRE(made);
    BOOST_TEST(made->url().starts_with("http://127.0.0.1:10000/devstoreaccount1/shards/a.bin?"));
    BOOST_TEST(query_of(*made).at("spr") == "https,http");
}

BOOST_AUTO_TEST_CASE(urls_are_kept_until_shortly_before_their_end) {
    key_bench b;
    const auto url = [&b](std::string_view key) { return b.signer.sign_now(key)->url(); };
    const std::string first = url("k");
    b.now += 59min - 1ms;
    BOOST_TEST(url("k") == first);
    b.now += 1ms;
    const std::string second = url("k");
    BOOST_TEST(second != first);
    b.now += 1s;
    BOOST_TEST(url("k") == second);
    b.signer.forget("k", method::head); // one URL serves both methods
    BOOST_TEST(url("k") != second);
    b.now -= 1h;
    BOOST_TEST(url("k") != second); // a clock that is set back
}

BOOST_AUTO_TEST_CASE(lives_that_are_asked_for) {
    key_bench b(store_of(300ms));
    BOOST_TEST((b.signer.sign_now("k")->expires == start + 1s));
    BOOST_TEST((b.signer.presign_now("k", {.expires = 15min})->expires == start + 15min));
    BOOST_TEST((b.signer.presign_now("k", {.expires = 30 * 24h})->expires == start + 30 * 24h));
    for (const auto life : {0s, -1s, std::chrono::seconds(max_sas_lifetime) + 1s, std::chrono::seconds::max()}) {
        BOOST_TEST(code_of(b.signer.presign_now("k", {.expires = life})) == "sign_failed");
    }
    BOOST_TEST(code_of(b.signer.presign_now("k", {.at = time_point::max()})) == "sign_failed");
    BOOST_TEST(code_of(b.signer.presign_now("", {})) == "sign_failed");
    BOOST_TEST(code_of(b.signer.sign_now("a/../b")) == "sign_failed");
    azure_key_signer broken(store_of(), key_of(devstore_key),
                            []() -> time_point { throw std::runtime_error("no clock"); });
    BOOST_TEST(code_of(broken.sign_now("k")) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(overrides_are_signed_and_not_kept) {
    key_bench b;
    const std::string plain = b.signer.sign_now("k")->url();
    presign_options options;
    options.response_content_type = "video/mp4";
    options.response_content_disposition = "attachment; filename=\"a b\"";
    options.at = start - 24h;
    const auto made = b.signer.presign_now("k", options);
    BOOST_REQUIRE(made);
    const auto query = query_of(*made);
    BOOST_TEST(query.at("rsct") == "video/mp4");
    BOOST_TEST(query.at("rscd") == "attachment; filename=\"a b\"");
    BOOST_TEST(query.at("se") == "2026-01-14T13:00:00Z");
    BOOST_TEST(query.at("sig") != query_of(*b.signer.sign_now("k")).at("sig"));
    BOOST_TEST(made->target.find("&rscd=attachment%3B%20filename%3D%22a%20b%22&") != std::string::npos);
    BOOST_TEST(b.signer.sign_now("k")->url() == plain);
}

BOOST_AUTO_TEST_CASE(public_blobs) {
    auto store = store_of();
    store.anonymous = true;
    const auto signing = make_azure_signing(store, nothing_set, [] { return start; });
    BOOST_TEST(signing.refreshables.empty());
    auto& signer = dynamic_cast<azure_key_signer&>(*signing.signer);
    const auto made = signer.sign_now("a b");
    BOOST_REQUIRE(made);
    BOOST_TEST(made->url() == "https://devstoreaccount1.blob.core.windows.net/shards/a%20b");
    BOOST_REQUIRE(made->fields.size() == 1U);
    BOOST_TEST(made->fields.front().first == "x-ms-version");
    BOOST_TEST(signer.presign_now("a b", {})->fields.empty());
    BOOST_TEST(code_of(signer.sign_now("")) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(streaming_by_token) {
    token_bench b;
    const auto made = b.signer->sign_now("a b");
    BOOST_REQUIRE(made);
    BOOST_TEST(made->target == "/shards/a%20b");
    BOOST_REQUIRE(made->fields.size() == 2U);
    BOOST_TEST(made->fields[0].first == "Authorization");
    BOOST_TEST(made->fields[0].second.reveal() == "Bearer eyAz");
    BOOST_TEST(made->fields[1].first == "x-ms-version");
    BOOST_TEST(made->fields[1].second.reveal() == "2021-12-02");
    BOOST_TEST((made->expires == start + 1h));
    BOOST_TEST(b.source->asked == 0); // whoever only streams needs no delegation key
    b.give("eyNew", std::nullopt);
    BOOST_TEST(b.signer->sign_now("k")->fields[0].second.reveal() == "Bearer eyNew");
    BOOST_TEST(code_of(b.signer->sign_now("a\\..\\b")) == "sign_failed");
    b.give("eyOld", start);
    const auto expired = b.signer->sign_now("k");
    BOOST_TEST((expired.has_error() && expired.error().code == errc::no_credentials && expired.error().retryable));
    b.tokens->now = nullptr;
    BOOST_TEST(code_of(b.signer->sign_now("k")) == "no_credentials");
}

BOOST_AUTO_TEST_CASE(urls_by_delegation_key) {
    token_bench b;
    presign_options options;
    options.expires = 5min;
    options.response_content_type = "video/mp4";
    const auto made = b.presign("a.bin", options);
    BOOST_REQUIRE(made);
    BOOST_TEST(made->fields.empty());
    BOOST_TEST((made->expires == start + 5min));
    const auto query = query_of(*made);
    const std::map<std::string, std::string> wanted{{"sv", "2021-12-02"},
                                                    {"se", "2026-01-15T12:05:00Z"},
                                                    {"sr", "b"},
                                                    {"sp", "r"},
                                                    {"spr", "https"},
                                                    {"skoid", "11111111-2222-3333-4444-555555555555"},
                                                    {"sktid", "66666666-7777-8888-9999-aaaaaaaaaaaa"},
                                                    {"skt", "2026-01-15T00:00:00Z"},
                                                    {"ske", "2026-01-16T00:00:00Z"},
                                                    {"sks", "b"},
                                                    {"skv", "2021-12-02"},
                                                    {"rsct", "video/mp4"},
                                                    {"sig", query.at("sig")}};
    BOOST_TEST((query == wanted), made->target);
    BOOST_TEST(b.presign("b.bin", options).has_value());
    BOOST_TEST(b.source->asked == 1);
}

BOOST_AUTO_TEST_CASE(a_url_never_outlives_its_delegation_key) {
    token_bench b;
    const auto made = b.presign("a.bin", {.expires = 24h});
    BOOST_REQUIRE(made);
    BOOST_TEST(query_of(*made).at("se") == "2026-01-16T00:00:00Z");
    BOOST_TEST((made->expires == vectors::time("2026-01-16T00:00:00Z")));
    BOOST_TEST(code_of(b.presign("a.bin", {.at = start + 12h})) == "no_credentials");
    BOOST_TEST(code_of(b.presign("a.bin", {.expires = 0s})) == "sign_failed");
    BOOST_TEST(code_of(b.presign("", {})) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(nobody_waits_longer_than_he_said) {
    token_bench b; // no key, and nobody who asks for one
    const auto began = sluice::steady_clock::now();
    presign_options options;
    options.deadline = began + 30ms;
    const auto late = identity::test::run(token_bench::presigned(*b.signer, "a.bin", options));
    BOOST_TEST(code_of(late) == "timeout");
    BOOST_TEST((late.has_error() && late.error().retryable));
    BOOST_TEST((sluice::steady_clock::now() - began < 5s));
}

BOOST_AUTO_TEST_CASE(without_the_permission) {
    token_bench b;
    b.source->fault = "answered 403";
    const auto denied = b.presign("a.bin", {});
    BOOST_REQUIRE(denied.has_error());
    BOOST_TEST((denied.error().code == errc::no_credentials && !denied.error().retryable));
    BOOST_TEST(b.signer->sign_now("a.bin").has_value()); // streaming goes on
    token_bench garbled;
    garbled.source->value = "AB=="; // bits beyond the last byte
    BOOST_TEST(code_of(garbled.presign("a.bin", {})) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(the_factory) {
    auto store = store_of();
    store.credentials = sluice::config::azure_account_key{secret(devstore_key)};
    const auto by_key = make_azure_signing(store, nothing_set, [] { return start; });
    BOOST_TEST(by_key.refreshables.empty());
    BOOST_TEST(dynamic_cast<azure_key_signer&>(*by_key.signer).sign_now("k")->url() ==
               key_bench().signer.sign_now("k")->url());
    for (const char* wrong : {"", "not base64", "AAA"}) {
        store.credentials = sluice::config::azure_account_key{secret(wrong)};
        BOOST_CHECK_THROW((void)make_azure_signing(store, nothing_set, [] { return start; }), std::invalid_argument);
    }
    store.credentials = sluice::config::static_keys{};
    BOOST_CHECK_THROW((void)make_azure_signing(store, nothing_set, [] { return start; }), std::invalid_argument);

    store.credentials = sluice::config::default_chain{};
    const auto by_token = make_azure_signing(store, nothing_set, [] { return start; });
    BOOST_TEST(by_token.refreshables.size() == 1U);
    BOOST_TEST(by_token.refreshables_for_urls.size() == 1U);
    BOOST_TEST(by_token.refreshables.front()->status().source == "Azure instance metadata");
    BOOST_TEST(code_of(dynamic_cast<azure_token_signer&>(*by_token.signer).sign_now("k")) == "no_credentials");
    // A token in the clear, to this machine alone.
    store.endpoint = sluice::config::url{false, "blob.example", 80, ""};
    BOOST_CHECK_THROW((void)make_azure_signing(store, nothing_set, [] { return start; }), std::invalid_argument);
    store.endpoint = sluice::config::url{false, "127.0.0.1", 10000, "/devstoreaccount1"};
    BOOST_TEST(make_azure_signing(store, nothing_set, [] { return start; }).signer != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
