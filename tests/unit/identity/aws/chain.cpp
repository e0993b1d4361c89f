#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "../scripted_client.hpp"

namespace sluice::identity::test {
namespace {

const std::string container_keys =
    R"({"AccessKeyId":"CONTAINER","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-15T18:00:00Z"})";
const std::string metadata_keys =
    R"({"Code":"Success","AccessKeyId":"IMDS","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-15T18:00:00Z"})";
const std::string role_keys =
    "<AssumeRoleWithWebIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
    "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>t</SessionToken><Expiration>2026-01-15T18:00:00Z</Expiration></Credentials>"
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

struct asked {
    result<aws_credentials> got;
    std::string name;
    std::vector<http_request> calls;

    [[nodiscard]] std::string who() const { return got ? got->access_key_id : "error: " + got.error().detail; }
    [[nodiscard]] bool says(std::string_view text) const {
        return !got && !got.error().retryable && got.error().detail.find(text) != std::string::npos;
    }
};

asked ask(variables env, std::vector<step> steps = {}, aws_defaults defaults = {}) {
    scripted_client client(std::move(steps));
    const auto noon = [] { return parse_rfc3339("2026-01-15T12:00:00Z").value(); };
    const auto from = aws_default_chain(environment_of(std::move(env)), noon, std::move(defaults));
    auto got = run(from->fetch(client));
    BOOST_TEST(client.left() == 0U);
    return {std::move(got), from->name(), std::move(client.calls)};
}

std::vector<step> metadata_steps() {
    const std::string roles = "/latest/meta-data/iam/security-credentials/";
    return {answers("PUT", "/latest/api/token", 200, "T"), answers("GET", roles, 200, "r"),
            answers("GET", roles + "r", 200, metadata_keys)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(aws_chain)

BOOST_AUTO_TEST_CASE(the_first_that_is_configured_counts) {
    const temporary_folder folder;
    folder.write("token", "jwt");
    variables env{
        {"AWS_ACCESS_KEY_ID", "ENV"},
        {"AWS_SECRET_ACCESS_KEY", "s"},
        {"AWS_SHARED_CREDENTIALS_FILE",
         folder.write("c", "[default]\naws_access_key_id = FILE\naws_secret_access_key=s")},
        {"AWS_WEB_IDENTITY_TOKEN_FILE", folder.path() + "/token"},
        {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"},
    };
    auto a = ask(env);
    BOOST_TEST(a.who() == "ENV");
    BOOST_TEST(a.name == "environment");
    BOOST_TEST(a.got->session_token.empty());
    BOOST_TEST(!a.got->expires.has_value());
    env.erase("AWS_ACCESS_KEY_ID");
    BOOST_TEST(ask(env).says("AWS_SECRET_ACCESS_KEY is set without"));
    env.erase("AWS_SECRET_ACCESS_KEY");
    BOOST_TEST(ask(env).who() == "FILE");
    env.erase("AWS_SHARED_CREDENTIALS_FILE");
    a = ask(env, {answers("POST", "/", 200, role_keys)});
    BOOST_TEST(a.who() == "ROLE");
    BOOST_TEST(a.name == "web identity (IRSA)");
    // Its failure is a failure: nothing further down is asked.
    a = ask(env, {answers("POST", "/", 500, "")});
    BOOST_TEST((!a.got && a.got.error().retryable && a.calls.size() == 1U));
    auto half = env;
    half.erase("AWS_ROLE_ARN");
    BOOST_TEST(ask(half).says("without AWS_ROLE_ARN"));
    env.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
    BOOST_TEST(ask(env, {answers("GET", "/c", 200, container_keys)}).who() == "CONTAINER");
    env.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    a = ask(env, metadata_steps());
    BOOST_TEST(a.who() == "IMDS");
    BOOST_TEST(!a.got->refresh_at.has_value()); // these say when they end
    BOOST_TEST(a.name == "EC2 instance metadata");
    env["AWS_EC2_METADATA_DISABLED"] = "True";
    BOOST_TEST(ask(env).says("no credentials in the environment"));
}

BOOST_AUTO_TEST_CASE(the_environment_with_all_it_may_say) {
    variables env{{"AWS_ACCESS_KEY_ID", "A"},
                  {"AWS_SECRET_ACCESS_KEY", "s"},
                  {"AWS_SESSION_TOKEN", "t"},
                  {"AWS_CREDENTIAL_EXPIRATION", "2026-01-15T12:00:00+01:00"}};
    const auto a = ask(env);
    BOOST_TEST(a.got->session_token.reveal() == "t");
    BOOST_TEST(format_rfc3339(a.got->expires.value()) == "2026-01-15T11:00:00Z");
    env["AWS_CREDENTIAL_EXPIRATION"] = "soon";
    BOOST_TEST(ask(env).says("AWS_CREDENTIAL_EXPIRATION"));
    env["AWS_SESSION_TOKEN"] = "a\r\nX-Evil: 1";
    const auto evil = ask(env);
    BOOST_TEST(evil.says("line break"));
    BOOST_TEST(evil.got.error().detail.find("Evil") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(files_are_read_again) {
    const temporary_folder folder;
    const auto keys = [](std::string_view id) {
        return "[default]\naws_access_key_id = " + std::string(id) + "\naws_secret_access_key = s\n";
    };
    const auto file = folder.write("c", keys("OLD"));
    scripted_client client(metadata_steps());
    auto now = parse_rfc3339("2026-01-15T12:00:00Z").value();
    const auto clock = [&now] { return now; };
    const auto minute = std::chrono::minutes(1);
    auto from = aws_default_chain(environment_of({{"AWS_SHARED_CREDENTIALS_FILE", file}}), clock, {});
    const auto old = run(from->fetch(client)).value();
    BOOST_TEST(old.access_key_id == "OLD");
    BOOST_TEST((old.refresh_at == now + minute));
    folder.write("c", keys("NEW"));
    BOOST_TEST(run(from->fetch(client))->access_key_id == "NEW");
    // While it is being written anew nobody else's identity is taken; where it stays away for a minute, the chain goes
    // on.
    std::filesystem::remove(file);
    const auto gone = run(from->fetch(client));
    BOOST_TEST((gone.has_error() && gone.error().retryable));
    folder.write("c", keys("NEWER"));
    BOOST_TEST(run(from->fetch(client))->access_key_id == "NEWER");
    folder.write("c", "[default]\nregion = x\n");
    for (int i = 0; i != 6; ++i) {
        BOOST_TEST(run(from->fetch(client)).has_error());
        now += std::chrono::seconds(10);
    }
    const auto of_instance = run(from->fetch(client)).value();
    BOOST_TEST(of_instance.access_key_id == "IMDS");
    BOOST_TEST((of_instance.refresh_at == now + minute)); // the file may come back
    BOOST_TEST(client.left() == 0U);
    folder.write("c", keys("BACK"));
    BOOST_TEST(run(from->fetch(client))->access_key_id == "BACK");
    from = aws_default_chain(environment_of({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}}), clock, {});
    BOOST_TEST(!run(from->fetch(client)).value().refresh_at.has_value()); // an environment does not change
}

BOOST_AUTO_TEST_CASE(a_role_in_place_of_keys_is_asked_for_only_when_due) {
    const temporary_folder folder;
    const auto file = folder.write("c", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
    auto now = parse_rfc3339("2026-01-15T12:00:00Z").value();
    const auto from =
        aws_default_chain(environment_of({{"AWS_SHARED_CREDENTIALS_FILE", file}}), [&now] { return now; }, {});
    scripted_client client({answers("POST", "/", 200, role_keys)});
    BOOST_TEST(run(from->fetch(client))->access_key_id == "FILE");
    folder.write("c", "[default]\nrole_arn = arn:r\nweb_identity_token_file = " + folder.write("token", "jwt") + "\n");
    for (int i = 0; i != 5; ++i) { // STS is asked once; the files may say something new
        const auto role = run(from->fetch(client)).value();
        BOOST_TEST(role.access_key_id == "ROLE");
        BOOST_TEST((role.refresh_at == now + std::chrono::minutes(1)));
        BOOST_TEST(from->name() == "web identity (IRSA)");
        now += std::chrono::minutes(1);
    }
    BOOST_TEST(client.left() == 0U);
    now += std::chrono::hours(3); // the half of what was left
    client.add(answers("POST", "/", 500, ""));
    BOOST_TEST(run(from->fetch(client)).error().retryable);
    client.add(answers("POST", "/", 200, role_keys));
    BOOST_TEST(run(from->fetch(client))->access_key_id == "ROLE");
    folder.write("c", "[default]\nrole_arn = arn:other\nweb_identity_token_file = " + folder.path() + "/token\n");
    client.add(answers("POST", "/", 200, role_keys)); // another role is not given the same keys
    BOOST_TEST(run(from->fetch(client))->access_key_id == "ROLE");
    BOOST_TEST(client.left() == 0U);
    BOOST_TEST(client.calls.back().body.reveal().find("arn%3Aother") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_sts_is) {
    const temporary_folder folder;
    const variables role{{"AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "jwt")}, {"AWS_ROLE_ARN", "arn:r"}};
    const auto place = [&](const variables& more, const aws_defaults& defaults = {}) {
        auto env = role;
        env.insert(more.begin(), more.end());
        auto s = answers("POST", "", 200, role_keys);
        s.absent = {"Authorization"};
        s.fields = {{"Content-Type", "application/x-www-form-urlencoded"}};
        const auto a = ask(env, {s}, defaults);
        BOOST_REQUIRE(a.calls.size() == 1U);
        const auto& c = a.calls.front();
        return std::string(c.server.tls ? "https://" : "http://") + c.server.authority() + c.target;
    };
    BOOST_TEST(place({}) == "https://sts.amazonaws.com/");
    BOOST_TEST(place({}, {"eu-north-1"}) == "https://sts.eu-north-1.amazonaws.com/");
    BOOST_TEST(place({{"AWS_DEFAULT_REGION", "eu-west-2"}}, {"auto"}) == "https://sts.eu-west-2.amazonaws.com/");
    BOOST_TEST(place({{"AWS_REGION", "eu-west-1"}, {"AWS_DEFAULT_REGION", "x"}}) ==
               "https://sts.eu-west-1.amazonaws.com/");
    BOOST_TEST(place({{"AWS_REGION", "cn-north-1"}}) == "https://sts.cn-north-1.amazonaws.com.cn/");
    BOOST_TEST(place({{"AWS_REGION", "us-gov-west-1"}, {"AWS_USE_FIPS_ENDPOINT", "true"}}) ==
               "https://sts.us-gov-west-1.amazonaws.com/");
    BOOST_TEST(place({{"AWS_REGION", "eu-west-1"}, {"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}}) ==
               "https://sts.amazonaws.com/");
    // FIPS where the environment or the store wants it, which leaves out whatever is none.
    BOOST_TEST(place({{"AWS_USE_FIPS_ENDPOINT", "True"}}, {"us-west-2"}) ==
               "https://sts-fips.us-west-2.amazonaws.com/");
    BOOST_TEST(place({}, {"us-west-2", true}) == "https://sts-fips.us-west-2.amazonaws.com/");
    BOOST_TEST(place({{"AWS_REGION", "us-gov-west-1"}}, {"us-west-2", true}) ==
               "https://sts.us-gov-west-1.amazonaws.com/");
    BOOST_TEST(place({{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}}, {"us-west-2", true}) ==
               "https://sts-fips.us-west-2.amazonaws.com/");
    BOOST_TEST(place({}, {"", true}) == "https://sts-fips.us-east-1.amazonaws.com/");
    BOOST_TEST(place({{"AWS_REGION", "me-south-1"}, {"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}}) ==
               "https://sts.me-south-1.amazonaws.com/");
    BOOST_TEST(place({{"AWS_ENDPOINT_URL", "http://ceph:8000"}}) == "http://ceph:8000/");
    BOOST_TEST(place({{"AWS_ENDPOINT_URL", "http://ceph"}, {"AWS_ENDPOINT_URL_STS", "https://sts.test/x"}}) ==
               "https://sts.test/x");
    BOOST_TEST(place({{"AWS_ENDPOINT_URL", "http://ceph"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}) ==
               "https://sts.amazonaws.com/");
    auto env = role;
    env["AWS_REGION"] = "evil.example/";
    BOOST_TEST(ask(env).says("region"));
    env = role;
    env["AWS_ENDPOINT_URL_STS"] = "http://u:p@host";
    BOOST_TEST(ask(env).says("AWS_ENDPOINT_URL_STS"));
    env = role;
    env["AWS_ROLE_SESSION_NAME"] = "a b";
    BOOST_TEST(ask(env).says("session name"));
    env = role;
    env["HOSTNAME"] = "pod/1.of two";
    auto s = answers("POST", "/", 200, role_keys);
    s.form = {{"RoleSessionName", "sluice-pod1.oftwo"}, {"RoleArn", "arn:r"}, {"WebIdentityToken", "jwt"}};
    BOOST_TEST(ask(env, {s}).who() == "ROLE");
}

BOOST_AUTO_TEST_CASE(where_the_container_agent_may_be) {
    const auto tried = [](std::string uri) {
        const bool allowed = [&] {
            scripted_client client({answers("GET", "", 200, container_keys)});
            const auto from = aws_default_chain(environment_of({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", uri}}),
                                                system_wall_clock(), {});
            return run(from->fetch(client)).has_value();
        }();
        return allowed;
    };
    for (const std::string uri : {"http://localhost:80/c", "http://127.0.0.1/c", "http://127.1.2.3:9/",
                                  "http://[::1]/c", "http://169.254.170.2/c", "http://169.254.170.23/v1/credentials",
                                  "http://[fd00:ec2::23]/v1/credentials", "https://agent.example/c?x=1"}) {
        BOOST_TEST(tried(uri), uri);
    }
    for (const std::string uri :
         {"http://169.254.169.254/c", "http://agent.example/c", "http://localhost.example/c",
          "http://127.0.0.1.example/", "http://localhost@agent.example/c", "http://[fd00:ec2::254]/c",
          "file:///etc/passwd", "/c", "http://10.0.0.1/", "http://127.0.0.1/c#f", "http://127.0.0.1/a b"}) {
        BOOST_TEST(!tried(uri), uri);
    }
    BOOST_TEST(ask({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@agent.example/c"}}).says("must begin with /"));
    const auto both = ask({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"},
                           {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://agent.example/"}},
                          {answers("GET", "/c", 200, container_keys)});
    BOOST_TEST(both.calls.front().server.authority() == "169.254.170.2");
    const auto denied = ask({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}},
                            {answers("GET", "/c", 400, R"({"code":"InvalidToken","message":"no such association"})")});
    BOOST_TEST(denied.says("InvalidToken: no such association"));
}

BOOST_AUTO_TEST_CASE(where_the_metadata_service_is) {
    const auto place = [](variables env, const std::string& base = "") {
        auto steps = metadata_steps();
        for (auto& s : steps) {
            s.path.insert(0, base);
        }
        return ask(std::move(env), std::move(steps)).calls.front().server.authority();
    };
    BOOST_TEST(place({}) == "169.254.169.254");
    BOOST_TEST(place({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}) == "[fd00:ec2::254]");
    BOOST_TEST(place({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9/base/"},
                      {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}},
                     "/base") == "127.0.0.1:9");
    BOOST_TEST(ask({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5"}}).says("IPv4 or IPv6"));
    BOOST_TEST(ask({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254"}}).says("ENDPOINT"));
    BOOST_TEST(ask({{"AWS_METADATA_SERVICE_TIMEOUT", "0"}}).says("1 to 60"));
    // Version 1 is not spoken, a session that is forgotten twice is given up, and other answers say what is wrong.
    BOOST_TEST(ask({}, {answers("PUT", "", 404, "")}).says("IMDSv2"));
    BOOST_TEST(ask({}, {answers("PUT", "", 403, "")}).says("disabled"));
    const auto unknown = answers("GET", "", 401, "");
    const auto token = answers("PUT", "", 200, "T");
    const auto twice = ask({}, {token, unknown, token, unknown});
    BOOST_TEST(!twice.got.has_value());
    const auto odd = ask({}, {token, answers("GET", "", 200, "../../user-data")});
    BOOST_TEST(!odd.got.has_value());
    BOOST_TEST(odd.calls.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
