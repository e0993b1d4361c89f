#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/sanitize_message.hpp>
#include <sluice/identity/service_error.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// The links of the AWS default chain. Their errors are `errc::no_credentials`.
namespace sluice::identity::aws {

/// The error of a setting, in the environment or a profile, that no other attempt can mend. `service`: one of the names
/// below.
[[nodiscard]] error invalid_setting(std::string_view service, std::string_view why);

/// Reads the credentials that the container endpoint and the instance metadata give at `now`: `{AccessKeyId,
/// SecretAccessKey, Token, Expiration}`, all of them present and not empty. A `Code` must be `Success`. `sent`, here
/// and below: the secrets of the request.
[[nodiscard]] result<aws_credentials> read_json_credentials(std::string_view service, const secret& body,
                                                            time_point now, const request_secrets& sent);

/// `Code` and `Message` (or `code`, `message`) of a JSON body, else its text, each passed through `sanitize_message`;
/// "" for an HTML page.
[[nodiscard]] std::string read_json_error(const secret& body, const request_secrets& sent);

/// Reads the response to AssumeRoleWithWebIdentity at `now`, of any status (STS API reference).
[[nodiscard]] result<aws_credentials> read_sts_response(std::string_view service, const http_response& response,
                                                        time_point now, const request_secrets& sent);

/// AWS_ACCESS_KEY_ID and what goes with it; nullopt where neither key is set. Errors: only one of the keys is set, or a
/// variable is malformed.
[[nodiscard]] result<std::optional<aws_credentials>> keys_of_environment(const environment& env);

/// The settings of one profile, names in lower case.
using profile = std::map<std::string, secret, std::less<>>;

/// The profile `AWS_PROFILE`, or `default`, of both files; the credentials file wins. nullopt where there is no such
/// profile and AWS_PROFILE does not name it. Errors: a file that cannot be read or parsed, a named profile that does
/// not exist.
[[nodiscard]] result<std::optional<profile>> read_profile(const environment& env);

/// Parses a shared config or credentials file into its sections, whose names are not changed. Errors name `path`
/// and the line.
[[nodiscard]] result<std::map<std::string, profile>> read_sections(const std::string& path, std::string_view text);

/// A role to be assumed with a token from a file (IRSA).
struct web_identity {
    std::string token_file;
    std::string role;
    std::string session; ///< "": derived from HOSTNAME
    std::string region;  ///< "": the global endpoint
    bool fips{false};    ///< also without AWS_USE_FIPS_ENDPOINT
    bool operator==(const web_identity&) const = default;
};

/// The role that the environment names; nullopt where it names none. Errors: a token file without a role.
[[nodiscard]] result<std::optional<web_identity>> role_of_environment(const environment& env);

/// Calls AssumeRoleWithWebIdentity of STS. All arguments must live until completion.
awaitable<result<aws_credentials>> assume_role(http_client& client, const environment& env, const web_identity& who,
                                               const wall_clock& clock);

/// `[\w+=,.@-]`: the characters of role names (IAM API reference, RoleName) and of role session names (STS API
/// reference, RoleSessionName).
[[nodiscard]] constexpr bool is_iam_name_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

/// What a profile configures: keys, a role, or neither.
struct profile_identity {
    std::optional<aws_credentials> keys{};
    std::optional<web_identity> role{};
};

/// Errors: half of the keys or of a role, malformed keys, and settings that Sluice does not support, by name.
[[nodiscard]] result<profile_identity> identity_of_profile(const profile& p);

/// True where the variables of ECS or EKS Pod Identity are set.
[[nodiscard]] bool has_container(const environment& env);
/// Asks the container's agent. All arguments must live until completion.
awaitable<result<aws_credentials>> ask_container(http_client& client, const environment& env, const wall_clock& clock);

/// True unless AWS_EC2_METADATA_DISABLED is set.
[[nodiscard]] bool has_metadata(const environment& env);
/// Asks IMDSv2. Keys that have expired, or will within a second, get a later expiry: the service hands them out when it
/// cannot refresh them, and S3 accepts them ("static stability" in botocore). While the last keys that had not expired,
/// which end at `good_until`, are still valid, expired ones are an error instead. Keys that come update `good_until`.
/// All arguments must live until completion.
awaitable<result<aws_credentials>> ask_metadata(http_client& client, const environment& env, const wall_clock& clock,
                                                time_point& good_until);

inline constexpr std::string_view environment_name = "environment";
inline constexpr std::string_view files_name = "shared config and credentials files";
inline constexpr std::string_view web_identity_name = "web identity (IRSA)";
inline constexpr std::string_view container_name = "container credentials";
inline constexpr std::string_view metadata_name = "EC2 instance metadata";

} // namespace sluice::identity::aws
