#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "../scripted_client.hpp"

namespace sluice::identity::test {
namespace {

wall_clock at(std::string_view time) {
    return [t = parse_rfc3339(time).value()] { return t; };
}

/// Asks as the renewal does: again after what may pass.
result<aws_credentials> ask_patiently(source<aws_credentials>& from, scripted_client& client) {
    for (;;) {
        auto got = run(from.fetch(client));
        if (got || !got.error().retryable || client.left() == 0) {
            return got;
        }
    }
}

void check_error(const flow& f, const error& e, const scripted_client& client) {
    BOOST_TEST((e.code == errc::no_credentials));
    const auto wanted = f.expected("error");
    if (wanted == "refused before any request") {
        BOOST_TEST(client.calls.empty());
    } else if (wanted.find("chain goes on") == std::string::npos) {
        BOOST_TEST(e.detail.find(wanted) != std::string::npos, e.detail << " must say " << wanted);
    }
    if (const auto* const retryable = f.expect.if_contains("retryable")) {
        BOOST_TEST(e.retryable == retryable->as_bool());
    }
    BOOST_TEST_MESSAGE(f.id << ": " << e.detail);
}

} // namespace

BOOST_AUTO_TEST_SUITE(flows_aws)

BOOST_AUTO_TEST_CASE(all_of_the_vectors) {
    unsigned credentials = 0;
    unsigned errors = 0;
    for (const auto& one : flow_cases("aws")) {
        const temporary_folder folder;
        const auto f = flow_of(one, folder);
        BOOST_TEST_CONTEXT(f.id) {
            scripted_client client(f.steps);
            const auto from = aws_default_chain(environment_of(f.env), at("2026-01-15T12:34:56Z"), {});
            const auto got = ask_patiently(*from, client);
            BOOST_TEST(client.left() == 0U);
            BOOST_TEST(got.has_value() == !f.fails());
            if (!got) {
                ++errors;
                check_error(f, got.error(), client);
                continue;
            }
            ++credentials;
            BOOST_TEST(got->access_key_id == f.expected("access_key_id"));
            BOOST_TEST(got->secret_access_key.reveal() == f.expected("secret_access_key"));
            BOOST_TEST(got->session_token.reveal() == f.expected("session_token"));
            BOOST_TEST(format_rfc3339(got->expires.value()) == f.expected("expiration"));
        }
    }
    std::printf("credential_flows.json, aws: %u cases give credentials, %u errors\n", credentials, errors);
    BOOST_TEST(credentials + errors == 12U);
    BOOST_TEST(credentials == 7U);
}

BOOST_AUTO_TEST_CASE(a_rotated_pod_token_is_sent_anew) {
    const temporary_folder folder;
    const auto file = folder.write("token", "one");
    const std::string keys =
        R"({"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-15T18:00:00Z"})";
    auto first = answers("GET", "/v1/credentials", 200, keys);
    first.authority = "169.254.170.23";
    first.fields = {{"Authorization", "one"}};
    auto second = first;
    second.fields = {{"Authorization", "two"}};
    scripted_client client({first, second});
    const auto from = aws_default_chain(
        environment_of({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this"}}),
        at("2026-01-15T12:00:00Z"), {});
    BOOST_TEST(run(from->fetch(client)).has_value());
    folder.write("token", "two\n");
    BOOST_TEST(run(from->fetch(client)).has_value());
    BOOST_TEST(client.left() == 0U);
    BOOST_TEST(from->name() == "container credentials");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
