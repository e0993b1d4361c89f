#include <sluice/sign/aws/s3_signer.hpp>
#include <sluice/sign/make_signer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "../../identity/scripted_client.hpp"
#include "../vectors.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace sluice::sign;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
namespace test = sluice::identity::test;
using sluice::identity::aws_credentials;
using sluice::identity::aws_credentials_ptr;

namespace {

struct fake_provider final : sluice::identity::aws_credentials_provider {
    [[nodiscard]] aws_credentials_ptr current() const override { return now; }
    aws_credentials_ptr now;
};

aws_credentials_ptr keys(std::string id, std::string_view token = {},
                         std::optional<std::chrono::system_clock::time_point> expires = {}) {
    return std::make_shared<const aws_credentials>(aws_credentials{
        std::move(id), sluice::secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), sluice::secret(token), expires});
}

/// A signer at a clock and with credentials that the test moves.
struct bench {
    explicit bench(std::chrono::milliseconds expiry = 1h, std::size_t capacity = s3_signer::default_capacity)
        : provider(std::make_shared<fake_provider>())
        , signer(
              store(expiry), provider, [this] { return now; }, capacity) {
        provider->now = keys("AKIAIOSFODNN7EXAMPLE");
    }

    static sluice::config::store store(std::chrono::milliseconds expiry) {
        sluice::config::store out;
        out.bucket = "examplebucket";
        out.region = "us-east-1";
        out.addressing = sluice::config::addressing_style::path;
        out.url_expiry = expiry;
        return out;
    }

    std::string url(std::string_view key = "test.txt", method m = method::get) {
        const auto made = signer.sign_now(key, m);
        return made ? made->url() : std::string(sluice::to_string(made.error().code));
    }

    /// Whether a URL made now is handed out again after `later`; the clock stays there.
    bool kept_after(std::chrono::milliseconds later) {
        const std::string first = url();
        now += later;
        return url() == first;
    }

    std::chrono::system_clock::time_point now{vectors::time("2026-01-15T12:34:56Z")};
    std::shared_ptr<fake_provider> provider;
    s3_signer signer;
};

} // namespace

BOOST_AUTO_TEST_SUITE(signer_of_s3)

BOOST_AUTO_TEST_CASE(gives_the_url_of_the_vectors) {
    // q-plain-path, q-head and q-space of s3_sigv4.json, over the whole way.
    const auto file = vectors::read(std::filesystem::path(SLUICE_TEST_VECTORS) / "s3_sigv4.json");
    int checked = 0;
    for (const auto& value : file.at("cases").as_array()) {
        const auto& test = value.as_object();
        const std::string id = vectors::text(test, "id");
        if (id != "q-plain-path" && id != "q-head" && id != "q-space" && id != "q-session-token") {
            continue;
        }
        bench b;
        const auto& credentials = test.at("credentials").as_object();
        b.provider->now =
            keys(vectors::text(credentials, "access_key_id"), vectors::text(credentials, "session_token"));
        const method m = vectors::text(test, "method") == "HEAD" ? method::head : method::get;
        BOOST_TEST(b.url(vectors::text(test, "key"), m) == vectors::text(test.at("expect").as_object(), "url"));
        ++checked;
    }
    BOOST_TEST(checked == 4);
}

BOOST_AUTO_TEST_CASE(says_where_to_connect_and_until_when) {
    bench b;
    b.now += 700ms;
    const auto made = b.signer.sign_now("k", method::get);
    BOOST_REQUIRE(made);
    BOOST_TEST(made->tls);
    BOOST_TEST(made->host == "s3.us-east-1.amazonaws.com");
    BOOST_TEST(made->port == 443);
    BOOST_TEST(made->authority == "s3.us-east-1.amazonaws.com");
    BOOST_TEST(made->fields.empty());
    // S3 counts from the whole second in X-Amz-Date.
    BOOST_TEST((made->expires == vectors::time("2026-01-15T13:34:56Z")));
}

BOOST_AUTO_TEST_CASE(margin_is_a_tenth_between_10_and_60_seconds_and_at_most_half) {
    const std::pair<std::chrono::milliseconds, std::chrono::milliseconds> lives[] = {
        {168h, 60s}, {1h, 60s},     {10min, 60s}, {5min, 30s}, {100s, 10s}, {60s, 10s},
        {20s, 10s},  {19s, 9500ms}, {3s, 1500ms}, {1s, 500ms}, {0s, 0s},    {-5s, 0s}};
    for (const auto& [life, margin] : lives) {
        BOOST_TEST((reuse_margin(life) == margin), "life " << life.count() << " ms");
    }
}

BOOST_AUTO_TEST_CASE(kept_until_shortly_before_the_end) {
    BOOST_TEST(bench(1h).kept_after(59min - 1ms));
    BOOST_TEST(!bench(1h).kept_after(59min));
    BOOST_TEST(bench(100s).kept_after(90s - 1ms));
    BOOST_TEST(!bench(100s).kept_after(90s));
    BOOST_TEST(bench(4s).kept_after(2s - 1ms));
    BOOST_TEST(!bench(4s).kept_after(2s));
    BOOST_TEST(bench(1s).kept_after(499ms));
}

BOOST_AUTO_TEST_CASE(configured_lives_are_brought_into_range) {
    BOOST_TEST(bench(300ms).url().find("X-Amz-Expires=1&") != std::string::npos);
    BOOST_TEST(bench(2500ms).url().find("X-Amz-Expires=2&") != std::string::npos);
    BOOST_TEST(bench(1000h).url().find("X-Amz-Expires=604800&") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_url_ends_with_its_credentials) {
    bench b;
    b.provider->now = keys("ASIA", "token", b.now + 5min);
    const auto made = b.signer.sign_now("test.txt", method::get);
    BOOST_REQUIRE(made);
    BOOST_TEST((made->expires == b.now + 5min));
    BOOST_TEST(b.kept_after(270s - 1ms)); // 10 % of 5 min before their end
    b.now += 1ms;
    BOOST_TEST(b.url() != made->url());
    // Credentials that outlive the URL change nothing.
    bench longer;
    longer.provider->now = keys("ASIA", "token", longer.now + 2h);
    BOOST_TEST((longer.signer.sign_now("test.txt", method::get).value().expires == longer.now + 1h));
}

BOOST_AUTO_TEST_CASE(missing_and_expired_credentials) {
    bench b;
    BOOST_REQUIRE(b.signer.sign_now("k", method::get)); // kept
    b.provider->now = nullptr;
    const auto none = b.signer.sign_now("k", method::get);
    BOOST_REQUIRE(none.has_error());
    BOOST_TEST((none.error().code == sluice::errc::no_credentials));
    BOOST_TEST(!none.error().retryable);

    b.provider->now = keys("ASIA", "token", b.now + 1s);
    BOOST_TEST(b.signer.sign_now("k", method::get).has_value());
    b.now += 1s;
    const auto expired = b.signer.sign_now("k", method::get);
    BOOST_REQUIRE(expired.has_error());
    BOOST_TEST((expired.error().code == sluice::errc::no_credentials));
    BOOST_TEST(expired.error().retryable);
    BOOST_TEST(b.signer.presign_now("k", method::get, {}).has_error());

    b.provider->now = keys("");
    BOOST_TEST(b.url() == "no_credentials");
}

BOOST_AUTO_TEST_CASE(new_credentials_drop_what_was_kept) {
    bench b;
    const auto old_keys = b.provider->now;
    const std::string first = b.url();
    b.now += 1s;
    BOOST_TEST(b.url() == first);
    b.provider->now = keys("AKIDNEW");
    BOOST_TEST(b.url().find("AKIDNEW") != std::string::npos);
    b.provider->now = old_keys;
    BOOST_TEST(b.url() != first); // dropped, not hidden
}

BOOST_AUTO_TEST_CASE(a_rotated_secret_makes_a_new_signing_key) {
    const auto rotated = std::make_shared<const aws_credentials>(
        aws_credentials{"AKIAIOSFODNN7EXAMPLE", sluice::secret("another"), {}, {}});
    bench b;
    const std::string before = b.url();
    b.provider->now = rotated; // the same id, clock and day
    bench fresh;
    fresh.provider->now = rotated;
    const std::string after = b.url();
    BOOST_TEST(after != before);
    BOOST_TEST(after == fresh.url());
}

BOOST_AUTO_TEST_CASE(forget_drops_one_url_of_one_method) {
    bench b;
    const std::string get = b.url("k", method::get);
    const std::string head = b.url("k", method::head);
    const std::string other = b.url("other", method::get);
    BOOST_TEST(get != head);
    b.now += 1s;
    b.signer.forget("k", method::get);
    b.signer.forget("never signed", method::head);
    BOOST_TEST(b.url("k", method::get) != get);
    BOOST_TEST(b.url("k", method::head) == head);
    BOOST_TEST(b.url("other", method::get) == other);
}

BOOST_AUTO_TEST_CASE(the_least_recently_used_goes_first) {
    bench b(1h, 2);
    const std::string a = b.url("a");
    const std::string c = b.url("c");
    b.now += 1s;
    BOOST_TEST(b.url("a") == a); // used again
    const std::string d = b.url("d");
    b.now += 1s;
    BOOST_TEST(b.url("a") == a);
    BOOST_TEST(b.url("d") == d);
    BOOST_TEST(b.url("c") != c);
}

BOOST_AUTO_TEST_CASE(the_store_of_urls_is_bounded) {
    url_cache cache(16);
    const auto credentials = std::make_shared<const int>(1);
    const auto now = vectors::time("2026-01-15T12:34:56Z");
    auto request = std::make_shared<signed_request>();
    request->expires = now + 1h;
    BOOST_TEST(!cache.find("k", method::get, now, credentials));
    for (int i = 0; i < 1000; ++i) {
        cache.put("k" + std::to_string(i), i % 2 == 0 ? method::get : method::head, now, credentials, request);
        BOOST_TEST(cache.size() <= 16U);
    }
    BOOST_TEST((cache.find("k998", method::get, now, credentials) == request));
    BOOST_TEST(!cache.find("k998", method::head, now, credentials));
    cache.put("late", method::get, now, std::make_shared<const int>(1), request); // of other credentials
    BOOST_TEST(!cache.find("late", method::get, now, credentials));
    url_cache off(0);
    BOOST_TEST(!off.find("k", method::get, now, credentials));
    off.put("k", method::get, now, credentials, request);
    BOOST_TEST(off.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_signs_anew) {
    bench b;
    const std::string first = b.url();
    b.now -= 1h;
    BOOST_TEST(b.url() != first); // from its future, which S3 may refuse
}

BOOST_AUTO_TEST_CASE(the_key_changes_with_the_day) {
    bench b;
    b.now = vectors::time("2026-01-15T23:59:59Z");
    const std::string before = b.url();
    b.now += 1s;
    b.signer.forget("test.txt", method::get);
    const std::string after = b.url();
    BOOST_TEST(after.find("%2F20260116%2F") != std::string::npos);
    bench fresh;
    fresh.now = b.now;
    BOOST_TEST(fresh.url() == after); // and not yesterday's key with today's date
    BOOST_TEST(before != after);
}

BOOST_AUTO_TEST_CASE(keys_that_no_object_has) {
    bench b;
    BOOST_TEST(b.url("") == "sign_failed");
    BOOST_TEST(b.url(std::string(1024, 'k')).starts_with("https://"));
    BOOST_TEST(b.url(std::string(1025, 'k')) == "sign_failed");
    BOOST_TEST(b.url("a\0b"sv).find("/a%00b?") != std::string::npos);
    BOOST_TEST(b.url("a//../b").find("/examplebucket/a//../b?") != std::string::npos);
    // Bytes that differ are URLs that differ, also where a C string would end.
    BOOST_TEST(b.url("a\0c"sv) != b.url("a\0b"sv));
}

BOOST_AUTO_TEST_CASE(awkward_secrets) {
    const std::string secrets[] = {std::string("a\0b", 3), "+/=%&\n", std::string(5000, 's'), "\xff\xfe", " "};
    std::string previous;
    for (const std::string& text : secrets) {
        bench b;
        b.provider->now =
            std::make_shared<const aws_credentials>(aws_credentials{"AKID/+=", sluice::secret(text), {}, {}});
        const std::string url = b.url();
        BOOST_TEST(url.find("X-Amz-Credential=AKID%2F%2B%3D%2F20260115%2F") != std::string::npos);
        BOOST_TEST(url != previous);
        BOOST_TEST((text.size() < 5 || url.find(text) == std::string::npos));
        previous = url;
    }
}

BOOST_AUTO_TEST_CASE(options_of_one_url_are_not_kept) {
    bench b;
    const std::string plain = b.url("k");
    presign_options options;
    options.expires = 15min;
    options.response_content_type = "video/mp4";
    options.response_content_disposition = "attachment; filename=\"a b\"";
    const auto made = b.signer.presign_now("k", method::get, options);
    BOOST_REQUIRE(made);
    BOOST_TEST(made->target.find("X-Amz-Expires=900&") != std::string::npos);
    BOOST_TEST(made->target.find("&response-content-type=video%2Fmp4&") != std::string::npos);
    BOOST_TEST(made->target.find("&response-content-disposition=attachment%3B%20filename%3D%22a%20b%22&") !=
               std::string::npos);
    BOOST_TEST((made->expires == b.now + 15min));
    options.at = b.now - 24h;
    BOOST_TEST(b.signer.presign_now("k", method::get, options)->target.find("X-Amz-Date=20260114T") !=
               std::string::npos);
    BOOST_TEST(b.url("k") == plain);
    BOOST_TEST(b.signer.presign_now("k", method::get, {.expires = 0s}).has_error());
    BOOST_TEST(b.signer.presign_now("k", method::get, {.expires = 604801s}).has_error());
    BOOST_TEST(b.signer.presign_now("", method::get, {}).has_error());
}

BOOST_AUTO_TEST_CASE(a_clock_or_provider_that_fails_is_an_error_value) {
    bench b;
    s3_signer broken(bench::store(1h), b.provider,
                     []() -> std::chrono::system_clock::time_point { throw std::runtime_error("no clock"); });
    BOOST_TEST((broken.sign_now("k", method::get).error().code == sluice::errc::sign_failed));
    b.provider->now = nullptr;
    s3_signer nobody(bench::store(1h), b.provider, sluice::system_wall_clock());
    BOOST_TEST((nobody.sign_now("k", method::get).error().code == sluice::errc::no_credentials));
}

BOOST_AUTO_TEST_CASE(the_coroutine_gives_the_same) {
    bench b;
    std::optional<sluice::result<signed_request>> got;
    sluice::asio::io_context context;
    sluice::asio::co_spawn(context.get_executor(), b.signer.sign("test.txt", method::get),
                           [&](std::exception_ptr failure, sluice::result<signed_request> made) {
                               BOOST_TEST(!failure);
                               got = std::move(made);
                           });
    context.run();
    BOOST_REQUIRE(got.has_value());
    BOOST_REQUIRE(got->has_value());
    BOOST_TEST((*got)->url() == b.url());
}

BOOST_AUTO_TEST_CASE(many_threads_share_one_signer) {
    bench b(1h, 8);
    const std::string expected = b.url("k0");
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 500; ++i) {
                const auto made = b.signer.sign_now("k" + std::to_string(i % 16), method::get);
                wrong += made ? 0 : 1;
                const auto again = b.signer.sign_now("k0", method::get);
                wrong += again && again->url() == expected ? 0 : 1;
                if (i % 7 == t) {
                    b.signer.forget("k0", method::get);
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_url_never_outlives_its_credentials) {
    bench b;
    b.provider->now = keys("ASIAIOSFODNN7EXAMPLE", "token", b.now + 10min);
    const auto made = b.signer.sign_now("k", method::get);
    BOOST_REQUIRE(made);
    BOOST_TEST(made->target.find("X-Amz-Expires=600&") != std::string::npos);
    BOOST_TEST((made->expires == b.now + 10min));
}

BOOST_AUTO_TEST_CASE(public_objects_are_not_signed) {
    s3_signer signer(bench::store(1h), nullptr, [] { return std::chrono::system_clock::time_point{}; });
    const auto made = signer.sign_now("a b/c.mp4", method::get);
    BOOST_REQUIRE(made);
    BOOST_TEST(made->url() == "https://s3.us-east-1.amazonaws.com/examplebucket/a%20b/c.mp4");
    BOOST_TEST(made->fields.empty());
    BOOST_TEST(signer.sign_now("", method::get).has_error());
    BOOST_TEST(signer.presign_now("k", method::head, {})->target == "/examplebucket/k");
}

BOOST_AUTO_TEST_CASE(fips_and_dual_stack_by_the_store_or_the_environment) {
    const test::temporary_folder folder;
    const test::variables role{{"AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "jwt")},
                               {"AWS_ROLE_ARN", "arn:r"}};
    sluice::config::store store = bench::store(1h);
    const auto hosts = [&](const test::variables& more) {
        auto env = role;
        env.insert(more.begin(), more.end());
        const auto made = make_s3_signing(store, test::environment_of(env), sluice::system_wall_clock());
        test::scripted_client sts;
        sts.add(test::answers("POST", "", 500, ""));
        BOOST_TEST(!test::run(made.refreshables.at(0)->refresh(sts)).has_value());
        auto open = store;
        open.anonymous = true;
        const auto plain = make_s3_signing(open, test::environment_of(env), sluice::system_wall_clock());
        return test::run(plain.signer->sign("k", method::get)).value().host + " " + sts.calls.at(0).server.authority();
    };
    BOOST_TEST(hosts({}) == "s3.us-east-1.amazonaws.com sts.us-east-1.amazonaws.com");
    BOOST_TEST(hosts({{"AWS_USE_FIPS_ENDPOINT", "true"}}) ==
               "s3-fips.us-east-1.amazonaws.com sts-fips.us-east-1.amazonaws.com");
    BOOST_TEST(hosts({{"AWS_USE_DUALSTACK_ENDPOINT", "TRUE"}}) ==
               "s3.dualstack.us-east-1.amazonaws.com sts.us-east-1.amazonaws.com");
    store.fips = true;
    BOOST_TEST(hosts({{"AWS_USE_FIPS_ENDPOINT", "false"}}) ==
               "s3-fips.us-east-1.amazonaws.com sts-fips.us-east-1.amazonaws.com");
    store.fips = false;
    store.endpoint = sluice::config::url{false, "127.0.0.1", 9000, ""}; // is asked as it stands
    BOOST_TEST(hosts({{"AWS_USE_FIPS_ENDPOINT", "true"}}) == "127.0.0.1 sts-fips.us-east-1.amazonaws.com");
}

BOOST_AUTO_TEST_CASE(the_factory) {
    const sluice::identity::environment none = [](std::string_view) { return std::nullopt; };
    sluice::config::store store = bench::store(1h);
    store.credentials = sluice::config::static_keys{
        "AKIAIOSFODNN7EXAMPLE", sluice::secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}};
    const auto fixed = make_s3_signing(store, none, sluice::system_wall_clock());
    BOOST_TEST(fixed.signer != nullptr);
    BOOST_TEST(fixed.refreshables.empty());
    store.credentials = sluice::config::default_chain{};
    BOOST_TEST(make_s3_signing(store, none, sluice::system_wall_clock()).refreshables.size() == 1);
    store.anonymous = true;
    BOOST_TEST(make_s3_signing(store, none, sluice::system_wall_clock()).refreshables.empty());
    store.bucket.clear();
    BOOST_CHECK_THROW(make_s3_signing(store, none, sluice::system_wall_clock()), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
