// Cloud Storage without a key: bearer tokens, and URLs by IAM Credentials.
#include <sluice/base/text.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/google/gcs_token_signer.hpp>

#include <boost/test/unit_test.hpp>

#include "gcs_helpers.hpp"

#include <stdexcept>

using namespace sluice::sign;
using namespace std::chrono_literals;
using namespace sluice::identity::test;
using namespace gcs_test;
using sluice::secret;
using sluice::identity::bearer_token;

namespace {

struct fake_tokens final : sluice::identity::provider<bearer_token> {
    [[nodiscard]] std::shared_ptr<const bearer_token> current() const override { return now; }
    std::shared_ptr<const bearer_token> now;
};

gcs_token_signer::setup setup_of(std::string account = {}) {
    gcs_token_signer::setup how;
    how.iam = {sluice::config::url{true, "iamcredentials.googleapis.com", 443, ""}, "/"};
    how.account = std::move(account);
    how.retries.pause = 0ms;
    return how;
}

/// A token signer and the calls that it makes.
struct token_bench {
    explicit token_bench(gcs_token_signer::setup how = setup_of(), std::chrono::milliseconds expiry = 1h)
        : tokens(std::make_shared<fake_tokens>())
        , signer(
              bucket(expiry), tokens, [this] { return now; }, std::move(how)) {
        give("ya29.t", now + 50min, email);
    }
    void give(std::string_view token, std::optional<time_point> expires, std::string subject) {
        tokens->now = std::make_shared<const bearer_token>(bearer_token{secret(token), expires, std::move(subject)});
    }
    static step blob(std::string account = email, unsigned status = 200,
                     std::string body = R"({"keyId":"k1","signedBlob":"AQIDBA=="})") {
        step s = answers("POST", "/v1/projects/-/serviceAccounts/" + account + ":signBlob", status, std::move(body));
        s.json_keys = {"payload"};
        return s;
    }
    sluice::result<signed_request> presign(const presign_options& options = {}, std::string_view key = "obj.bin",
                                           method m = method::get) {
        return run(signer.presign_by(by, key, m, options));
    }

    time_point now{vectors::time("2026-01-15T12:34:56Z")};
    std::shared_ptr<fake_tokens> tokens;
    gcs_token_signer signer;
    scripted_client by;
};

/// Signs, or fails, after a while.
struct slow_rsa final : rsa_signing {
    sluice::awaitable<sluice::result<std::string>> sign(std::string_view bytes) override {
        const auto ex = co_await sluice::asio::this_coro::executor;
        co_await sluice::asio::post(ex, sluice::asio::use_awaitable_t<sluice::executor>{});
        if (failing) {
            co_return sluice::error{sluice::errc::sign_failed, sluice::error_source::origin, true, "down"};
        }
        co_return std::string(bytes.substr(0, 4));
    }
    bool failing{false};
};

const presign_options none;

/// A token signer and an IAM Credentials that takes the connection and says nothing.
struct silent_bench {
    using made_url = sluice::result<signed_request>;

    /// Presigns with little time, and again when what that began has ended.
    std::pair<made_url, made_url> twice() {
        auto first = presign(sluice::steady_clock::now() + 50ms);
        here.context.restart();
        here.context.run_for(20ms);
        return {std::move(first), presign()};
    }
    made_url presign(sluice::steady_clock::time_point deadline = sluice::steady_clock::time_point::max()) {
        std::optional<made_url> got;
        presign_options options;
        options.deadline = deadline;
        const auto began = sluice::steady_clock::now();
        here.tasks.spawn(presign_into(b.signer, pool, options, got));
        here.context.restart();
        while (!got && sluice::steady_clock::now() - began < 10s) {
            here.context.run_one_for(100ms);
        }
        BOOST_TEST((sluice::steady_clock::now() - began < 2s)); // sooner than the call's own limit
        return got.value();
    }
    static sluice::awaitable<void> presign_into(gcs_token_signer& by, sluice::net::connection_pool& pool,
                                                const presign_options& options, std::optional<made_url>& got) {
        auto made = co_await by.presign(pool, "k", method::get, options);
        got.emplace(std::move(made));
    }

    silent_bench() { here.tasks.spawn(here.deadlines.run()); }
    silent_bench(const silent_bench&) = delete;
    silent_bench& operator=(const silent_bench&) = delete;
    ~silent_bench() {
        pool.close();
        here.deadlines.stop();
        here.context.restart();
        here.context.run(); // ends: nothing was left behind
    }

    sluice::worker here{0};
    sluice::asio::basic_socket_acceptor<sluice::asio::ip::tcp, sluice::executor> silent{
        here.get_executor(), {sluice::asio::ip::address_v4::loopback(), 0}};
    token_bench b{at_port(silent.local_endpoint().port())};
    sluice::net::connection_pool pool{here, 4, 1s};

private:
    static gcs_token_signer::setup at_port(std::uint16_t port) {
        auto how = setup_of();
        how.iam = {sluice::config::url{false, "127.0.0.1", port, ""}, "/"};
        return how;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(gcs_sign_blob)

BOOST_AUTO_TEST_CASE(own_requests_carry_the_token) {
    token_bench b;
    const auto made = run(b.signer.sign("a b", method::head));
    BOOST_REQUIRE(made);
    BOOST_TEST(made->target == "/test-bucket/a%20b");
    BOOST_REQUIRE(made->fields.size() == 1);
    BOOST_TEST(made->fields[0].first == "Authorization");
    BOOST_TEST(made->fields[0].second.reveal() == "Bearer ya29.t");
    BOOST_TEST(!made->only_signed_extensions);
    BOOST_TEST((made->expires == b.now + 50min));
    // A renewed one is used at once.
    b.give("ya29.u", std::nullopt, "");
    const auto renewed = run(b.signer.sign("k", method::get));
    BOOST_TEST(renewed.value().fields[0].second.reveal() == "Bearer ya29.u");
    BOOST_TEST((renewed->expires == time_point::max()));
    b.give("ya29.u", b.now, "");
    const auto expired = run(b.signer.sign("k", method::get));
    BOOST_TEST(code_of(expired) == "no_credentials");
    BOOST_TEST(expired.error().retryable);
    b.tokens->now = nullptr;
    BOOST_TEST(code_of(run(b.signer.sign("k", method::get))) == "no_credentials");
    BOOST_TEST(code_of(b.presign()) == "no_credentials");
    BOOST_TEST(code_of(run(b.signer.sign("", method::get))) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(sign_blob_of_the_vectors) {
    // The request and reply of each RSA case that our signer can be asked for, and the flow of credential_flows.json.
    const auto file = vectors::read(std::filesystem::path(SLUICE_TEST_VECTORS) / "gcs_v4.json");
    int done = 0;
    for (const auto& value : file.at("cases").as_array()) {
        const auto& test = value.as_object();
        const auto* const blob = test.if_contains("iam_sign_blob");
        if (blob == nullptr) {
            continue;
        }
        const auto& expect = test.at("expect").as_object();
        step s = answers("POST", vectors::text(blob->as_object(), "request_path"), 200,
                         boost::json::serialize(blob->at("response_json")));
        s.fields = {{"Authorization", "Bearer ya29.t"}};
        scripted_client by;
        by.add(s);
        const auto how = setup_of();
        const secret token("ya29.t");
        sign_blob with(by, how.iam, vectors::text(test, "access_id"), token, how.retries);
        const auto text = vectors::text(expect, "string_to_sign");
        const auto signature = run(with.sign(text));
        BOOST_REQUIRE(signature);
        BOOST_TEST(sluice::hex(as_key(*signature)) == vectors::text(expect, "signature"));
        BOOST_TEST((boost::json::parse(by.calls.at(0).body.reveal()) == blob->at("request_json")));
        ++done;
    }
    BOOST_TEST_MESSAGE("gcs_v4.json: " << done << " signBlob requests and replies");
    BOOST_TEST(done == 26);

    const temporary_folder folder;
    for (const auto& one : flow_cases("gcp")) {
        const auto f = flow_of(one, folder);
        if (f.id == "gcp-metadata-signblob") {
            token_bench b;
            b.give(f.expected("access_token"), b.now + 1h, "app@proj.iam.gserviceaccount.com");
            b.by.add(f.steps.at(2));
            BOOST_TEST(parameter(b.presign().value(), "X-Goog-Signature") == f.expected("signature_hex"));
            BOOST_TEST(b.by.left() == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(urls_by_sign_blob_are_kept) {
    token_bench b(setup_of(), 168h);
    b.by.add(token_bench::blob());
    const auto made = b.presign();
    BOOST_REQUIRE(made);
    BOOST_TEST(made->fields.empty());
    BOOST_TEST(made->only_signed_extensions);
    BOOST_TEST(parameter(*made, "X-Goog-Signature") == "01020304");
    // No longer than a key that Google keeps is sure to be good.
    BOOST_TEST(parameter(*made, "X-Goog-Expires") == "43200");
    BOOST_TEST((made->expires == b.now + 12h));
    // The token's end is not the URL's, and its renewal changes nothing.
    b.give("ya29.u", b.now + 7h, email);
    b.now += 6h;
    BOOST_TEST(b.presign().value().target == made->target);
    b.now += 1s;
    b.by.add(token_bench::blob());
    BOOST_TEST(b.presign().value().target != made->target);
    // Other methods, options and keys are others.
    presign_options options;
    options.response_content_type = "text/plain";
    b.by.add({token_bench::blob(), token_bench::blob(), token_bench::blob()});
    BOOST_TEST(code_of(b.presign({}, "obj.bin", method::head)) == "fine");
    BOOST_TEST(code_of(b.presign(options)) == "fine");
    BOOST_TEST(code_of(b.presign({}, "other.bin")) == "fine");
    BOOST_TEST(b.by.left() == 0U);
    options.expires = 604801s;
    BOOST_TEST(code_of(b.presign(options)) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(as_whom_sign_blob_signs) {
    token_bench other(setup_of("target@p.iam.gserviceaccount.com"));
    other.by.add(token_bench::blob("target@p.iam.gserviceaccount.com"));
    BOOST_TEST(
        parameter(other.presign().value(), "X-Goog-Credential").starts_with("target@p.iam.gserviceaccount.com/"));
    for (const std::string subject : {"", "project.svc.id.goog"}) {
        token_bench b;
        b.give("ya29.t", b.now + 1h, subject);
        const auto made = b.presign();
        BOOST_TEST(code_of(made) == "sign_failed");
        BOOST_TEST(made.error().detail.find("\"signer\"") != std::string::npos);
        BOOST_TEST(!made.error().retryable);
    }
}

BOOST_AUTO_TEST_CASE(whom_the_metadata_server_has_not_named_yet) {
    token_bench b;
    bearer_token nameless{secret("ya29.t"), b.now + 1h, ""};
    nameless.subject_pending = true;
    b.tokens->now = std::make_shared<const bearer_token>(nameless);
    const auto made = b.presign();
    BOOST_TEST(code_of(made) == "no_credentials");
    BOOST_TEST(made.error().retryable);
    BOOST_TEST(made.error().detail.find("not known yet") != std::string::npos);
    BOOST_TEST(made.error().detail.find("\"signer\"") == std::string::npos); // nothing that an operator has to set
    BOOST_TEST(code_of(run(b.signer.sign("k", method::get))) == "fine");
    b.give("ya29.t", b.now + 1h, email); // and nothing of the failure is remembered
    b.by.add(token_bench::blob());
    BOOST_TEST(code_of(b.presign()) == "fine");
    token_bench named(setup_of(email));
    named.tokens->now = std::make_shared<const bearer_token>(nameless);
    named.by.add(token_bench::blob());
    BOOST_TEST(code_of(named.presign()) == "fine");
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_with_sign_blob) {
    struct fault {
        unsigned status;
        std::string body;
        unsigned calls;
        std::string code;
        bool retryable;
        std::string words{};
    };
    const std::vector<fault> faults{
        {500, "", 3, "sign_failed", true},
        {503, "<html>", 3, "sign_failed", true},
        {429, "", 1, "sign_failed", true},
        {400, "", 1, "sign_failed", false},
        {401, R"({"error":{"status":"UNAUTHENTICATED","message":"bad ya29.t"}})", 1, "no_credentials", true, "401"},
        {403,
         R"({"error":{"code":403,"message":"Permission 'iam.serviceAccounts.signBlob' denied","status":"PERMISSION_DENIED"}})",
         1, "sign_failed", false, "PERMISSION_DENIED: Permission 'iam.serviceAccounts.signBlob' denied"},
        {404, "", 1, "sign_failed", false},
        {200, "", 1, "sign_failed", true},
        {200, "garbage", 1, "sign_failed", true},
        {200, "{}", 1, "sign_failed", true},
        {200, R"({"signedBlob":""})", 1, "sign_failed", true},
        {200, R"({"signedBlob":"?"})", 1, "sign_failed", true},
        {200, R"({"signedBlob":7})", 1, "sign_failed", true}};
    for (const fault& one : faults) {
        BOOST_TEST_CONTEXT("status " << one.status << " body " << one.body) {
            token_bench b;
            for (unsigned i = 0; i < one.calls; ++i) {
                b.by.add(token_bench::blob(email, one.status, one.body));
            }
            const auto made = b.presign();
            BOOST_TEST(code_of(made) == one.code);
            BOOST_REQUIRE(!made);
            BOOST_TEST(made.error().retryable == one.retryable);
            BOOST_TEST(made.error().detail.find(one.words) != std::string::npos, made.error().detail);
            BOOST_TEST(made.error().detail.find("ya29") == std::string::npos);
            BOOST_TEST(b.by.left() == 0U);
            // Nor is it asked again at once, for whatever object; after a while it is.
            BOOST_TEST(code_of(b.presign({}, "other.bin")) == one.code);
            b.now += 2s;
            b.by.add(token_bench::blob());
            BOOST_TEST(code_of(b.presign()) == "fine");
            b.by.add(token_bench::blob());
            BOOST_TEST(code_of(b.presign({}, "other.bin")) == "fine");
        }
    }
    token_bench slow;
    slow.by.add(times_out("POST", ""));
    const auto late = slow.presign();
    BOOST_TEST(code_of(late) == "sign_failed");
    BOOST_TEST(late.error().retryable);
    token_bench mended;
    mended.by.add({token_bench::blob(email, 502, ""), token_bench::blob()});
    BOOST_TEST(code_of(mended.presign()) == "fine");
}

BOOST_AUTO_TEST_CASE(a_kept_url_outlives_a_failing_service) {
    token_bench b(setup_of(), 10min);
    b.by.add(token_bench::blob());
    const auto made = b.presign();
    BOOST_REQUIRE(made);
    b.now += 5min + 1s; // due
    b.by.add(token_bench::blob(email, 403, ""));
    BOOST_TEST(b.presign().value().target == made->target);
    BOOST_TEST(b.presign().value().target == made->target); // asks nobody
    BOOST_TEST(code_of(b.presign({}, "other.bin")) == "sign_failed");
    b.now += 3min + 59s;
    b.by.add(token_bench::blob(email, 403, ""));
    BOOST_TEST(b.presign().value().target == made->target);
    b.now += 1s; // too late for somebody who will use it for a while
    BOOST_TEST(code_of(b.presign()) == "sign_failed");
    b.now += 1min;
    b.by.add(token_bench::blob(email, 200, R"({"signedBlob":"BQYH"})"));
    BOOST_TEST(parameter(b.presign().value(), "X-Goog-Signature") == "050607");
    BOOST_TEST(b.by.left() == 0U);
}

BOOST_AUTO_TEST_CASE(a_short_url_is_kept_to_its_half) {
    token_bench b(setup_of(), 40s);
    b.by.add(token_bench::blob());
    const auto made = b.presign();
    BOOST_REQUIRE(made);
    b.now += 20s;
    BOOST_TEST(b.presign().value().target == made->target);
    b.now += 1s;
    b.by.add(token_bench::blob(email, 403, ""));
    BOOST_TEST(code_of(b.presign()) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(an_old_url_is_given_to_us_alone) {
    sluice::asio::io_context context(1);
    time_point now = vectors::time("2026-01-15T12:34:56Z");
    slow_rsa with;
    gcs_rsa_urls urls(
        bucket(10min), "googleapis.com", [&now] { return now; }, 12h);
    std::string own;
    std::string others;
    const auto ask = [&](gcs_rsa_urls::purpose by, std::string& into) {
        sluice::asio::co_spawn(
            context, urls.get(with, email, "k", method::get, none, by),
            [&into](const std::exception_ptr&, const sluice::result<signed_request>& made) { into = code_of(made); });
    };
    ask(gcs_rsa_urls::purpose::fetch, own);
    context.run();
    BOOST_TEST(own == "fine");
    with.failing = true;
    now += 9min + 50s;
    // At the same time: the second does not wait for what the first gets.
    ask(gcs_rsa_urls::purpose::fetch, own);
    ask(gcs_rsa_urls::purpose::redirect, others);
    context.restart();
    context.run();
    BOOST_TEST(own == "fine");
    BOOST_TEST(others == "sign_failed");
    now += 6s; // four seconds are too few even for us
    ask(gcs_rsa_urls::purpose::fetch, own);
    context.restart();
    context.run();
    BOOST_TEST(own == "sign_failed");
}

BOOST_AUTO_TEST_CASE(nobody_waits_longer_than_he_said) {
    silent_bench s;
    const auto [late, again] = s.twice();
    BOOST_TEST(code_of(late) == "timeout");
    BOOST_TEST(late.error().retryable);
    BOOST_TEST(code_of(again) == "sign_failed"); // remembered: nobody waits for it again
}

BOOST_AUTO_TEST_CASE(a_kept_url_is_better_than_none) {
    silent_bench s;
    s.b.by.add(token_bench::blob());
    const auto made = s.b.presign({}, "k");
    BOOST_REQUIRE(made);
    s.b.now += 31min; // due, and nobody answers
    const auto [late, again] = s.twice();
    BOOST_TEST(late.value().target == made->target);
    BOOST_TEST(again.value().target == made->target);
    // Nor is there a token any more, but for an old one that says whose it was.
    s.b.give("ya29.t", s.b.now, email);
    BOOST_TEST(s.presign().value().target == made->target);
    s.b.now += 28min + 1s; // too late
    BOOST_TEST(code_of(s.presign()) == "no_credentials");
}

BOOST_AUTO_TEST_CASE(where_iam_credentials_is) {
    const auto url = [](const variables& env, std::string_view universe) {
        const auto at = iam_credentials_endpoint(environment_of(env), universe);
        return (at.server.tls ? "https://" : "http://") + at.server.authority() + at.target;
    };
    const std::string name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS";
    BOOST_TEST(url({}, "googleapis.com") == "https://iamcredentials.googleapis.com/");
    BOOST_TEST(url({}, "apis.example") == "https://iamcredentials.apis.example/");
    BOOST_TEST(url({{name, "http://127.0.0.1:81/base/"}}, "googleapis.com") == "http://127.0.0.1:81/base/");
    BOOST_CHECK_THROW(url({{name, "http://iam.example/"}}, "googleapis.com"), std::invalid_argument);
    BOOST_CHECK_THROW(url({{name, "iam.example"}}, "googleapis.com"), std::invalid_argument);
    token_bench b([] {
        auto how = setup_of();
        how.iam = {sluice::config::url{false, "127.0.0.1", 81, ""}, "/base/"};
        return how;
    }());
    b.by.add(answers("POST", "/base/v1/projects/-/serviceAccounts/" + email + ":signBlob", 200,
                     R"({"signedBlob":"AQIDBA=="})"));
    BOOST_TEST(code_of(b.presign()) == "fine");
}

BOOST_AUTO_TEST_SUITE_END()
