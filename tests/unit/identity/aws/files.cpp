#include <sluice/identity/aws/chain.hpp>

#include "../scripted_client.hpp"

namespace sluice::identity::test {
namespace {

/// What the chain makes of two files. `profile`: AWS_PROFILE.
struct files {
    temporary_folder folder;
    variables more{};

    result<aws_credentials> ask(std::string_view config, std::string_view credentials, std::string profile = "",
                                std::vector<step> steps = {}) {
        scripted_client client(std::move(steps));
        variables env{{"AWS_CONFIG_FILE", folder.write("config", config)},
                      {"AWS_SHARED_CREDENTIALS_FILE", folder.write("credentials", credentials)},
                      {"AWS_PROFILE", std::move(profile)},
                      {"AWS_EC2_METADATA_DISABLED", "true"}};
        env.insert(more.begin(), more.end());
        auto got = run(aws_default_chain(environment_of(env), system_wall_clock(), {})->fetch(client));
        BOOST_TEST(client.left() == 0U);
        return got;
    }
    std::string problem(std::string_view config, std::string_view credentials, std::string profile = "") {
        const auto got = ask(config, credentials, std::move(profile));
        return got ? "none" : got.error().detail;
    }
};

bool holds(const std::string& text, std::string_view part) {
    BOOST_TEST_MESSAGE(text);
    return text.find(part) != std::string::npos;
}

constexpr std::string_view plain = "[default]\naws_access_key_id=A\naws_secret_access_key=S\n";

} // namespace

BOOST_AUTO_TEST_SUITE(aws_files)

BOOST_AUTO_TEST_CASE(profiles_of_both_files) {
    files f;
    BOOST_TEST(f.ask("", plain)->access_key_id == "A");
    BOOST_TEST(f.ask(plain, "")->access_key_id == "A");
    const auto token = f.ask("[profile dev]\nregion = eu-west-1\naws_access_key_id = CONFIG\n",
                             "# comment\n[other]\naws_access_key_id=X\n[dev]\n; comment\nAWS_Access_Key_Id = K # mine\n"
                             "aws_secret_access_key = a/b+c==;d#e\r\naws_session_token=T\n",
                             "dev");
    BOOST_TEST(token->access_key_id == "K");
    BOOST_TEST(token->secret_access_key.reveal() == "a/b+c==;d#e");
    BOOST_TEST(token->session_token.reveal() == "T");
    BOOST_TEST(!token->expires.has_value());
    BOOST_TEST(f.ask("[ profile \"a b\" ]\naws_access_key_id=Q\naws_secret_access_key=S", "", "a b")->access_key_id ==
               "Q");
    BOOST_TEST(
        f.ask("[default]\naws_access_key_id=1\n[profile default]\naws_access_key_id=2\naws_secret_access_key=S", "")
            ->access_key_id == "2");
    BOOST_TEST(f.ask("", "[default]\naws_access_key_id=1\n[default]\naws_access_key_id=2\naws_secret_access_key=S\n")
                   ->access_key_id == "2");
    BOOST_TEST(
        f.ask("", "\xEF\xBB\xBF  [default]\n  aws_access_key_id=A\n  aws_secret_access_key=S\n")->access_key_id == "A");
    // `default` in the config file is no other profile's name, and [dev] there is no profile.
    BOOST_TEST(holds(f.problem("[dev]\naws_access_key_id=A\naws_secret_access_key=S", "", "dev"), "profile dev"));
}

BOOST_AUTO_TEST_CASE(what_belongs_to_a_setting_is_not_the_sections) {
    files f;
    const auto got = f.ask("[default]\ns3 =\n  aws_access_key_id = NESTED\n  endpoint_url=x\nservices = local\n"
                           "[services local]\ns3 =\n  endpoint_url = x\ndynamodb =\n  endpoint_url = y\n",
                           plain);
    BOOST_TEST(got->access_key_id == "A");
}

BOOST_AUTO_TEST_CASE(the_home_directory) {
    const temporary_folder home;
    std::filesystem::create_directory(home.path() + "/.aws");
    home.write(".aws/credentials", plain);
    scripted_client client;
    const auto at = [&client](variables env) {
        env.emplace("AWS_EC2_METADATA_DISABLED", "true");
        const auto got = run(aws_default_chain(environment_of(std::move(env)), system_wall_clock(), {})->fetch(client));
        return got ? got->access_key_id : "none";
    };
    BOOST_TEST(at({{"HOME", home.path()}}) == "A");
    BOOST_TEST(at({{"HOME", home.path()}, {"AWS_SHARED_CREDENTIALS_FILE", "~/absent"}}) == "none");
    BOOST_TEST(at({{"HOME", home.path()}, {"AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"}}) == "A");
    BOOST_TEST(at({}) == "none");
}

BOOST_AUTO_TEST_CASE(a_role_with_a_token_file) {
    files f;
    const auto token = f.folder.write("token", "jwt\n");
    auto s = answers("POST", "/", 200,
                     "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                     "<AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                     "<Expiration>2096-01-15T18:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
                     "</AssumeRoleWithWebIdentityResponse>");
    s.authority = "sts.eu-west-3.amazonaws.com";
    s.form = {{"RoleArn", "arn:aws:iam::1:role/r"}, {"RoleSessionName", "me"}, {"WebIdentityToken", "jwt"}};
    const auto got = f.ask("[profile x]\nrole_arn = arn:aws:iam::1:role/r\nrole_session_name=me\nregion=eu-west-3\n"
                           "web_identity_token_file = " +
                               token,
                           "", "x", {s});
    BOOST_TEST(got->access_key_id == "ROLE");
}

BOOST_AUTO_TEST_CASE(what_is_not_supported_is_named) {
    files f;
    const std::string role = "[default]\nrole_arn=arn\n";
    BOOST_TEST(holds(f.problem(role + "source_profile=base\n", plain), "source_profile is not supported"));
    BOOST_TEST(holds(f.problem(role + "credential_source=Ec2InstanceMetadata\n", ""), "credential_source is not"));
    BOOST_TEST(holds(f.problem(role, plain), "role_arn without"));
    BOOST_TEST(holds(f.problem("[default]\nweb_identity_token_file=/t\n", ""), "without role_arn"));
    BOOST_TEST(holds(f.problem("[default]\ncredential_process=/bin/x\n", ""), "credential_process is not supported"));
    BOOST_TEST(holds(f.problem("[default]\nsso_session=s\n", ""), "IAM Identity Center"));
    BOOST_TEST(holds(f.problem("[default]\nsso_start_url=s\n", ""), "IAM Identity Center"));
    BOOST_TEST(holds(f.problem("", "[default]\naws_access_key_id=A\n"), "needs both"));
    BOOST_TEST(holds(f.problem("", plain, "dev"), "profile dev, which is in neither file"));
    // A profile that says nothing of an identity leaves the question open.
    BOOST_TEST(holds(f.problem("[default]\nregion=eu-west-1\n", ""), "AWS default chain"));
}

BOOST_AUTO_TEST_CASE(bad_files) {
    files f;
    const auto told = f.problem("", "[default]\naws_access_key_id=A\nS3cretWithoutName\n");
    BOOST_TEST(holds(told, "credentials:3: expected a [section]"));
    BOOST_TEST(!holds(told, "S3cret"));
    BOOST_TEST(holds(f.problem("x = 1\n", ""), "config:1: a setting stands before"));
    BOOST_TEST(holds(f.problem("\n[default\n", ""), "config:2: a section"));
    BOOST_TEST(holds(f.problem("[]\n", ""), "config:1: a section"));
    BOOST_TEST(holds(f.problem("[default]\n=1\n", ""), "config:2: expected a [section]"));
    BOOST_TEST(holds(f.problem("", std::string(plain) + "aws_session_token=a\tb\n"), "aws_session_token"));
    BOOST_TEST(holds(f.problem("", std::string(1024 * 1024 + 1, '#')), "larger than 1 MiB"));
    f.more["AWS_CONFIG_FILE"] = f.folder.path();
    variables env{{"AWS_CONFIG_FILE", f.folder.path()}};
    scripted_client client;
    const auto got = run(aws_default_chain(environment_of(env), system_wall_clock(), {})->fetch(client));
    BOOST_REQUIRE(!got.has_value());
    BOOST_TEST(holds(got.error().detail, "not a regular file"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
