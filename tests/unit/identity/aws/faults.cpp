#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "../scripted_client.hpp"

namespace sluice::identity::test {
namespace {

constexpr std::string_view noon = "2026-01-15T12:00:00Z";

time_point time_of(std::string_view text) {
    return parse_rfc3339(text).value();
}

wall_clock at(std::string_view time) {
    return [t = time_of(time)] { return t; };
}

std::string json_keys(std::string_view expires = "2026-01-15T18:00:00Z") {
    return R"({"Code":"Success","AccessKeyId":"AKID","SecretAccessKey":"sk","Token":"st","Expiration":")" +
           std::string(expires) + "\"}";
}

std::string sts_keys(std::string_view expires = "2026-01-15T18:00:00Z") {
    return "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKID"
           "</AccessKeyId><SecretAccessKey>sk</SecretAccessKey><SessionToken>st</SessionToken><Expiration>" +
           std::string(expires) +
           "</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
}

/// One identity service: how it is configured, and the steps of a good answer.
struct service {
    std::string name;
    variables env;
    std::vector<step> good;
};

std::vector<service> services(const temporary_folder& folder) {
    const std::string roles = "/latest/meta-data/iam/security-credentials/";
    std::vector<service> all(3);
    all[0].name = "EC2 instance metadata";
    all[0].good = {answers("PUT", "/latest/api/token", 200, "TOK"), answers("GET", roles, 200, "role\n"),
                   answers("GET", roles + "role", 200, json_keys())};
    all[1].name = "container credentials";
    all[1].env = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/creds?id=1"}};
    all[1].good = {answers("GET", "/creds", 200, json_keys())};
    all[2].name = "web identity (IRSA)";
    all[2].env = {{"AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2ln")},
                  {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app"}};
    all[2].good = {answers("POST", "/", 200, sts_keys())};
    return all;
}

result<aws_credentials> ask(const service& s, std::vector<step> steps, std::string_view now = noon) {
    scripted_client client(std::move(steps));
    const auto from = aws_default_chain(environment_of(s.env), at(now), {});
    auto got = run(from->fetch(client));
    BOOST_TEST(from->name() == s.name);
    BOOST_TEST(client.left() == 0U);
    return got;
}

/// The good steps up to the one before `n`, then `bad`.
std::vector<step> failing_at(const service& s, std::size_t n, step bad) {
    std::vector<step> steps(s.good.begin(), s.good.begin() + static_cast<std::ptrdiff_t>(n));
    bad.method = s.good[n].method;
    bad.path = s.good[n].path;
    steps.push_back(std::move(bad));
    return steps;
}

} // namespace

BOOST_AUTO_TEST_SUITE(aws_faults)

BOOST_AUTO_TEST_CASE(no_fault_becomes_a_credential) {
    const temporary_folder folder;
    unsigned cases = 0;
    struct fault {
        unsigned status;
        std::string body;
        std::optional<bool> retryable;
    };
    const std::vector<fault> faults{
        {500, "oops", true},
        {503, "", true},
        {429, "slow down", true},
        {400, "no", false},
        {302, "", false},
        {200, "", {}},
        {200, "\x01\xff garbage {{<", {}},
        {200, "<html><body>sign in to the wireless network</body></html>", {}},
    };
    for (const auto& s : services(folder)) {
        BOOST_TEST(ask(s, s.good).has_value());
        for (std::size_t n = 0; n != s.good.size(); ++n) {
            BOOST_TEST_CONTEXT(s.name << ", step " << n) {
                for (const auto& f : faults) {
                    const auto got = ask(s, failing_at(s, n, answers("", "", f.status, f.body)));
                    ++cases;
                    // The session's token has no form: whatever text comes is one, and is refused by the next step.
                    BOOST_REQUIRE(!got.has_value());
                    BOOST_TEST((got.error().code == errc::no_credentials));
                    BOOST_TEST((!f.retryable || *f.retryable == got.error().retryable),
                               f.status << ": " << got.error().detail);
                    BOOST_TEST(got.error().detail.starts_with(s.name), got.error().detail);
                }
                const auto late = ask(s, failing_at(s, n, times_out("", "")));
                ++cases;
                BOOST_REQUIRE(!late.has_value());
                BOOST_TEST(late.error().retryable);
                BOOST_TEST(late.error().detail.find("no answer") != std::string::npos);
            }
        }
    }
    std::printf("fault matrix, aws: %u cases, none gives a credential\n", cases);
}

BOOST_AUTO_TEST_CASE(every_part_of_an_answer_must_be_there) {
    const temporary_folder folder;
    const auto all = services(folder);
    const std::vector<std::string> wrong{"null", "\"\"", "1", "{}", "\"a\\r\\nb\"", "\"caf\\u00e9\""};
    for (const std::string part : {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}) {
        for (const auto& value : wrong) {
            auto body = json_keys();
            const auto at_part = body.find("\"" + part + "\":") + part.size() + 3;
            body.replace(at_part, body.find_first_of(",}", at_part) - at_part, value);
            const auto got = ask(all[1], failing_at(all[1], 0, answers("", "", 200, body)));
            BOOST_TEST(!got.has_value(), body);
        }
        auto xml = sts_keys();
        const std::string tag = part == "Token" ? "SessionToken" : part;
        const auto begin = xml.find("<" + tag + ">");
        const auto end = xml.find("</" + tag + ">") + tag.size() + 3;
        xml.erase(begin, end - begin);
        BOOST_TEST(!ask(all[2], failing_at(all[2], 0, answers("", "", 200, xml))).has_value(), xml);
    }
    for (const auto& cut : {json_keys().substr(0, 40), json_keys() + "}", "[" + json_keys() + "]"}) {
        BOOST_TEST(!ask(all[1], failing_at(all[1], 0, answers("", "", 200, cut))).has_value(), cut);
    }
    const auto half = sts_keys().substr(0, 300);
    BOOST_TEST(!ask(all[2], failing_at(all[2], 0, answers("", "", 200, half))).has_value());
}

BOOST_AUTO_TEST_CASE(metadata_keys_that_ended_are_stretched_and_others_are_not) {
    const temporary_folder folder;
    const auto all = services(folder);
    const auto ended = failing_at(all[0], 2, answers("", "", 200, json_keys("2026-01-15T11:00:00Z")));
    const auto got = ask(all[0], ended);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST((*got->expires >= time_of(noon) + std::chrono::minutes(17)));
    BOOST_TEST((*got->expires <= time_of(noon) + std::chrono::minutes(25)));
    const auto short_lived =
        ask(all[0], failing_at(all[0], 2, answers("", "", 200, json_keys("2026-01-15T12:00:03Z"))));
    BOOST_TEST(format_rfc3339(short_lived->expires.value()) == "2026-01-15T12:00:03Z");
    const auto container = ask(all[1], failing_at(all[1], 0, answers("", "", 200, json_keys("2026-01-15T11:00:00Z"))));
    BOOST_TEST(format_rfc3339(container->expires.value()) == "2026-01-15T11:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_wrong_never_costs_what_is_good) {
    const temporary_folder folder;
    auto now = time_of(noon);
    const auto all = services(folder);
    for (const std::size_t which : {std::size_t{1}, std::size_t{2}}) {
        const auto& s = all[which];
        const auto later = which == 1 ? json_keys("2026-01-15T13:00:00Z") : sts_keys("2026-01-15T13:00:00Z");
        scripted_client client(s.good);
        client.add(failing_at(s, 0, answers("", "", 200, later)));
        refreshing_provider<aws_credentials> keys(aws_default_chain(environment_of(s.env), [&now] { return now; }, {}),
                                                  [&now] { return now; });
        now = time_of(noon) + std::chrono::hours(7); // past the expiry that comes
        const auto first = run(keys.refresh(client));
        BOOST_REQUIRE(!first.has_value());
        BOOST_TEST(first.error().detail.find("clock") != std::string::npos);
        BOOST_TEST(!keys.current());
        now = time_of(noon);
        client.add(failing_at(s, 0, answers("", "", 200, which == 1 ? json_keys() : sts_keys())));
        BOOST_TEST(run(keys.refresh(client)).has_value()); // 13:00
        BOOST_TEST(run(keys.refresh(client)).has_value()); // 18:00
        BOOST_TEST(format_rfc3339(keys.current()->expires.value()) == "2026-01-15T18:00:00Z");
    }
}

BOOST_AUTO_TEST_CASE(what_a_service_says_is_told_without_the_token) {
    const temporary_folder folder;
    const auto all = services(folder);
    const auto says = [&](std::string message) {
        return ask(all[2], failing_at(all[2], 0,
                                      answers("", "", 400,
                                              "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>" +
                                                  message + "</Message></Error></ErrorResponse>")))
            .error()
            .detail;
    };
    BOOST_TEST(says("No OpenIDConnect provider").find("InvalidIdentityToken: No OpenIDConnect") != std::string::npos);
    for (const std::string part : {"eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2ln", "UzI1NiJ9.c2VjcmV", "UzI1NiJ9%2ec2VjcmV"}) {
        const auto repeated = says("cannot use " + part + " here");
        BOOST_TEST(repeated.ends_with("InvalidIdentityToken: (withheld: it repeats a secret)"), repeated);
    }
    const auto long_one = says(std::string(5000, 'x') + "\r\n");
    BOOST_TEST(long_one.size() < 500U);
    BOOST_TEST(says("a\r\nb").find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(nor_is_any_other_secret_that_was_sent) {
    const temporary_folder folder;
    auto all = services(folder);
    const std::string failed = R"({"Code":"Failed","Message":"no )";
    const auto imds = ask(all[0], failing_at(all[0], 2, answers("", "", 200, failed + "TOK here\"}")));
    BOOST_REQUIRE(!imds.has_value());
    BOOST_TEST(imds.error().detail.ends_with("Failed: (withheld: it repeats a secret)"), imds.error().detail);
    all[1].env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "key/of the pod";
    for (const unsigned status : {200U, 403U}) {
        for (const std::string said : {"key/of the pod", "key%2Fof%20the%20pod"}) {
            const auto got = ask(all[1], failing_at(all[1], 0, answers("", "", status, failed + said + "\"}")));
            BOOST_REQUIRE(!got.has_value());
            BOOST_TEST(got.error().detail.ends_with("Failed: (withheld: it repeats a secret)"), got.error().detail);
        }
    }
}

BOOST_AUTO_TEST_CASE(no_keys_live_longer_than_any_do) {
    const temporary_folder folder;
    const auto all = services(folder);
    for (const std::string_view end : {"9999-12-31T23:59:59Z", "2027-01-15T12:00:01Z"}) {
        const std::vector<step> last{answers("", "", 200, json_keys(end)), answers("", "", 200, json_keys(end)),
                                     answers("", "", 200, sts_keys(end))};
        for (std::size_t i = 0; i != all.size(); ++i) {
            const auto got = ask(all[i], failing_at(all[i], all[i].good.size() - 1, last[i]));
            BOOST_REQUIRE(got.has_value());
            BOOST_TEST((got->expires == time_of(noon) + max_credential_lifetime));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_token_file_that_is_none) {
    const temporary_folder folder;
    for (const auto& content :
         {std::string(), std::string(" \n"), std::string("a\nb"), std::string("a\0b", 3), std::string("caf\xc3\xa9")}) {
        const auto file = folder.write("odd", content);
        service s{"web identity (IRSA)", {{"AWS_WEB_IDENTITY_TOKEN_FILE", file}, {"AWS_ROLE_ARN", "arn"}}, {}};
        const auto got = ask(s, {});
        BOOST_REQUIRE(!got.has_value());
        BOOST_TEST(got.error().retryable); // it may be being written just now
        BOOST_TEST(got.error().detail.find(file) != std::string::npos);
    }
    for (const auto& path : {folder.path(), folder.path() + "/absent", std::string("/dev/zero")}) {
        service s{"web identity (IRSA)", {{"AWS_WEB_IDENTITY_TOKEN_FILE", path}, {"AWS_ROLE_ARN", "arn"}}, {}};
        BOOST_TEST(!ask(s, {}).has_value());
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
