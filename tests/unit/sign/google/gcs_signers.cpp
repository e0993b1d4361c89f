#include <sluice/identity/google/rsa_key.hpp>
#include <sluice/sign/google/gcs_hmac_signer.hpp>
#include <sluice/sign/google/gcs_rsa_signer.hpp>
#include <sluice/sign/google/gcs_token_signer.hpp>
#include <sluice/sign/make_signer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include "../../identity/google/rsa.hpp"
#include "gcs_helpers.hpp"

#include <stdexcept>
#include <thread>

using namespace sluice::sign;
using namespace std::chrono_literals;
using namespace sluice::identity::test;
using namespace gcs_test;
using sluice::secret;

namespace {

/// An RSA signer at a clock that the test moves.
struct rsa_bench {
    explicit rsa_bench(std::chrono::milliseconds expiry = 1h, std::string_view universe = "googleapis.com")
        : signer(bucket(expiry), universe, email,
                 std::make_shared<const sluice::identity::rsa_key>(google_rsa::run_pem()), [this] { return now; }) {}

    sluice::result<signed_request> sign(std::string_view key = "obj.bin", method m = method::get) {
        return run(signer.sign(key, m));
    }
    sluice::result<signed_request> presign(const presign_options& options, std::string_view key = "obj.bin") {
        return run(presigned(signer, key, options));
    }
    static sluice::awaitable<sluice::result<signed_request>> presigned(gcs_rsa_signer& by, std::string_view key,
                                                                       const presign_options& options) {
        sluice::worker here(0);
        sluice::net::connection_pool pool(here, 1, 1s);
        auto made = co_await by.presign(pool, key, method::get, options);
        co_return made;
    }

    time_point now{vectors::time("2026-01-15T12:34:56Z")};
    gcs_rsa_signer signer;
};

} // namespace

BOOST_AUTO_TEST_SUITE(gcs_signers)

BOOST_AUTO_TEST_CASE(rsa_signs_what_google_verifies) {
    rsa_bench b;
    b.now += 700ms;
    const auto made = b.sign("a b/ü//%2F+~.bin");
    BOOST_REQUIRE(made);
    BOOST_TEST(made->tls);
    BOOST_TEST(made->host == "storage.googleapis.com");
    BOOST_TEST(made->port == 443);
    BOOST_TEST(made->authority == "storage.googleapis.com");
    BOOST_TEST(made->fields.empty());
    BOOST_TEST(made->only_signed_extensions);
    BOOST_TEST((made->expires == vectors::time("2026-01-15T13:34:56Z")));
    BOOST_TEST(made->target.starts_with("/test-bucket/a%20b/%C3%BC//%252F%2B~.bin?"));
    BOOST_TEST(parameter(*made, "X-Goog-Credential") == email + "/20260115/auto/storage/goog4_request");
    const auto at = made->target.find("&X-Goog-Signature=");
    BOOST_REQUIRE(at != std::string::npos);
    const auto query = made->target.find('?');
    const std::string request = "GET\n" + made->target.substr(0, query) + "\n" +
                                made->target.substr(query + 1, at - query - 1) +
                                "\nhost:storage.googleapis.com\n\nhost\nUNSIGNED-PAYLOAD";
    const std::string text =
        "GOOG4-RSA-SHA256\n20260115T123456Z\n20260115/auto/storage/goog4_request\n" + sha256_hex(request);
    BOOST_TEST(google_rsa::verifies(google_rsa::public_pem(google_rsa::run_key()), text,
                                    google_rsa::unhex(made->target.substr(at + 18))));
    BOOST_TEST(rsa_bench(1h, "apis.example").sign().value().host == "storage.apis.example");
}

BOOST_AUTO_TEST_CASE(one_signature_for_each_object_and_life) {
    rsa_bench b;
    const auto first = b.sign();
    BOOST_REQUIRE(first);
    b.now += 59min - 1ms;
    BOOST_TEST(b.sign().value().target == first->target);
    BOOST_TEST(b.signer.signatures() == 1U);
    b.now += 1ms;
    BOOST_TEST(b.sign().value().target != first->target);
    BOOST_TEST(b.signer.signatures() == 2U);
    (void)b.sign("obj.bin", method::head);
    (void)b.sign("other.bin");
    BOOST_TEST(b.signer.signatures() == 4U);
    b.signer.forget("obj.bin", method::head);
    (void)b.sign("obj.bin", method::get);
    BOOST_TEST(b.signer.signatures() == 4U);
    (void)b.sign("obj.bin", method::head);
    BOOST_TEST(b.signer.signatures() == 5U);
}

BOOST_AUTO_TEST_CASE(many_workers_share_one_signature) {
    rsa_bench b;
    std::atomic<int> right{0};
    const auto expected = b.sign("warm").value().expires;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            sluice::asio::io_context context(1);
            for (int i = 0; i < 25; ++i) {
                sluice::asio::co_spawn(context, b.signer.sign("cold", method::get),
                                       [&](std::exception_ptr thrown, sluice::result<signed_request> made) {
                                           right += !thrown && made && made->expires == expected ? 1 : 0;
                                       });
            }
            context.run();
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    BOOST_TEST(right == 100);
    BOOST_TEST(b.signer.signatures() == 2U);
}

BOOST_AUTO_TEST_CASE(presigned_urls_have_their_options_signed_in) {
    rsa_bench b;
    presign_options options;
    options.expires = 5min;
    options.response_content_type = "video/mp4";
    options.response_content_disposition = "attachment; filename=\"a b.mp4\"";
    const auto made = b.presign(options);
    BOOST_REQUIRE(made);
    BOOST_TEST(parameter(*made, "response-content-type") == "video/mp4");
    BOOST_TEST(parameter(*made, "response-content-disposition") == "attachment; filename=\"a b.mp4\"");
    BOOST_TEST(parameter(*made, "X-Goog-Expires") == "300");
    BOOST_TEST((made->expires == b.now + 5min));
    // Kept while at least half of its life is left: it is for somebody who has yet to use it.
    b.now += 150s;
    BOOST_TEST(b.presign(options).value().target == made->target);
    BOOST_TEST(b.signer.signatures() == 1U);
    b.now += 1s;
    BOOST_TEST(b.presign(options).value().target != made->target);
    // Any other option is another URL; what we use ourselves is another again.
    options.response_content_type = "video/webm";
    (void)b.presign(options);
    (void)b.sign();
    BOOST_TEST(b.signer.signatures() == 4U);
    // One for another time is neither kept nor taken from those that are.
    presign_options then;
    then.at = vectors::time("2026-03-01T00:00:00Z");
    for (int i = 0; i < 2; ++i) {
        const auto dated = b.presign(then);
        BOOST_REQUIRE(dated);
        BOOST_TEST(parameter(*dated, "X-Goog-Date") == "20260301T000000Z");
    }
    BOOST_TEST(b.signer.signatures() == 6U);
}

BOOST_AUTO_TEST_CASE(presign_waits_no_longer_than_it_may) {
    rsa_bench b;
    presign_options options;
    options.deadline = sluice::steady_clock::now() - 1s;
    BOOST_TEST(code_of(b.presign(options)) == "timeout");
    const auto made = b.presign({});
    BOOST_REQUIRE(made);
    BOOST_TEST(b.presign(options).value().target == made->target); // there is one already
}

BOOST_AUTO_TEST_CASE(bad_keys_and_lives) {
    rsa_bench b;
    for (const std::string& key : {std::string(), std::string(1025, 'x'), std::string("a\nb"), std::string("a\rb"),
                                   std::string("\xff"), std::string("a\0b", 3) + std::string(1023, 'x')}) {
        BOOST_TEST(code_of(b.sign(key)) == "sign_failed");
    }
    BOOST_TEST(code_of(b.sign(std::string(1024, 'x'))) == "fine");
    for (const auto& [life, code] : {std::pair(0s, "sign_failed"),
                                     {-1s, "sign_failed"},
                                     {604801s, "sign_failed"},
                                     {1s, "fine"},
                                     {604800s, "fine"}}) {
        presign_options options;
        options.expires = life;
        BOOST_TEST(code_of(b.presign(options)) == code, life.count());
    }
    presign_options options;
    options.response_content_type = "a\r\nb"; // in a query it is encoded: nothing to break out of
    BOOST_TEST(code_of(b.presign(options)) == "fine");
    // A failure is told to all, and kept by none.
    b.now = time_point::max();
    BOOST_TEST(code_of(b.sign("late")) == "sign_failed");
    b.now = vectors::time("2026-01-15T12:34:56Z");
    BOOST_TEST(code_of(b.sign("late")) == "fine");
}

BOOST_AUTO_TEST_CASE(hmac_keeps_urls_and_changes_with_the_day) {
    time_point now = vectors::time("2026-01-15T23:59:58Z");
    gcs_hmac_signer signer(bucket(), "GOOG1E", secret("s"), [&now] { return now; });
    const auto url = [&](method m = method::get) { return signer.sign_now("k", m).value().target; };
    const auto first = url();
    now += 1s;
    BOOST_TEST(url() == first);
    BOOST_TEST(url(method::head) != first);
    signer.forget("k", method::get);
    BOOST_TEST(url() != first);
    now += 1s;
    signer.forget("k", method::get);
    const auto next_day = signer.sign_now("k", method::get).value();
    BOOST_TEST(parameter(next_day, "X-Goog-Credential") == "GOOG1E/20260116/auto/storage/goog4_request");
    // The same as a signer that never saw another day.
    gcs_hmac_signer fresh(bucket(), "GOOG1E", secret("s"), [&now] { return now; });
    BOOST_TEST(fresh.sign_now("k", method::get).value().target == next_day.target);
    BOOST_TEST(code_of(signer.sign_now("", method::get)) == "sign_failed");
    BOOST_CHECK_THROW(gcs_hmac_signer(bucket(), "", secret("s"), [&now] { return now; }), std::invalid_argument);
    BOOST_CHECK_THROW(gcs_hmac_signer(bucket(), "id", {}, [&now] { return now; }), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_signer_that_a_store_gets) {
    const auto env = environment_of({{"NO_GCE_CHECK", "true"}});
    const time_point now = vectors::time("2026-01-15T12:34:56Z");
    const auto made = [&](const sluice::config::store& store) {
        return make_gcs_signing(store, env, [now] { return now; });
    };
    auto store = bucket();
    store.anonymous = true;
    const auto anonymous = made(store);
    BOOST_TEST(anonymous.refreshables.empty());
    const auto plain = run(anonymous.signer->sign("k", method::get));
    BOOST_TEST(plain.value().url() == "https://storage.googleapis.com/test-bucket/k");
    BOOST_TEST(plain->fields.empty());
    store.anonymous = false;

    store.credentials = sluice::config::gcs_hmac_key{"GOOG1E", secret("s")};
    const auto hmac = made(store);
    BOOST_TEST((dynamic_cast<gcs_hmac_signer*>(hmac.signer.get()) != nullptr && hmac.refreshables.empty()));

    const auto file = [](std::string universe = "googleapis.com") {
        return secret(boost::json::serialize(boost::json::object{{"type", "service_account"},
                                                                 {"private_key", google_rsa::run_pem()},
                                                                 {"client_email", email},
                                                                 {"universe_domain", universe}}));
    };
    store.credentials = sluice::config::gcs_credentials_file{file("apis.example")};
    const auto rsa = made(store);
    BOOST_TEST((dynamic_cast<gcs_rsa_signer*>(rsa.signer.get()) != nullptr && rsa.refreshables.empty()));
    BOOST_TEST(run(rsa.signer->sign("k", method::get)).value().host == "storage.apis.example");
    store.signer = "another@p.example"; // needs IAM Credentials, so a token
    const auto as_another = made(store);
    BOOST_TEST((dynamic_cast<gcs_token_signer*>(as_another.signer.get()) != nullptr));
    BOOST_TEST(as_another.refreshables.size() == 1U);
    store.signer.clear();

    store.credentials = sluice::config::default_chain{};
    const auto keyless = made(store);
    BOOST_TEST(keyless.refreshables.size() == 1U);
    BOOST_TEST(code_of(run(keyless.signer->sign("k", method::get))) == "no_credentials");
    const temporary_folder folder;
    const auto path = folder.write("adc.json", file().reveal());
    const auto from_file =
        make_gcs_signing(store, environment_of({{"GOOGLE_APPLICATION_CREDENTIALS", path}}), [now] { return now; });
    BOOST_TEST((dynamic_cast<gcs_rsa_signer*>(from_file.signer.get()) != nullptr));

    // A token is not sent over plain http, but to this machine.
    store.endpoint = sluice::config::url{false, "gcs.example", 80, ""};
    BOOST_CHECK_THROW(made(store), std::invalid_argument);
    store.endpoint = sluice::config::url{false, "127.0.0.1", 4443, ""};
    BOOST_CHECK_NO_THROW(made(store));
    store.endpoint.reset();
    store.bucket.clear();
    BOOST_CHECK_THROW(made(store), std::invalid_argument);
    store.bucket = "b";
    store.credentials = sluice::config::static_keys{};
    BOOST_CHECK_THROW(made(store), std::invalid_argument);
    store.credentials = sluice::config::gcs_credentials_file{secret("{}")};
    BOOST_CHECK_THROW(made(store), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
