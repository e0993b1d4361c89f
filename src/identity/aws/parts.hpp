#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// The links of the AWS chain. All give `errc::no_credentials`.
namespace sluice::identity::aws {

enum class mended_by : bool { trying_again, operator_alone };

/// An error of a service, or of what it is configured with; `detail` is told after `service`.
[[nodiscard]] error refused(std::string_view service, std::string_view detail, mended_by how,
                            error_source source = error_source::origin);

/// A call that did not come to an answer, as the service's error: always worth another try.
[[nodiscard]] error unanswered(std::string_view service, const error& e);

/// Statuses that may be another the next time: 408, 429 and 5xx.
[[nodiscard]] mended_by by_status(unsigned status);

/// The answer of the container endpoint and of the instance metadata at `now`: `{AccessKeyId, SecretAccessKey, Token,
/// Expiration}`, all of them there and none empty. With a `Code` it must be `Success`. `sent`, here and below: the
/// secrets of the request.
[[nodiscard]] result<aws_credentials> read_json_credentials(std::string_view service, const secret& body,
                                                            time_point now, const secrets_sent& sent);

/// `Code` and `Message` (or `code`, `message`) of a JSON body, else its text, as `told`; "" where it is a page of HTML.
[[nodiscard]] std::string read_json_problem(const secret& body, const secrets_sent& sent);

/// The answer to AssumeRoleWithWebIdentity at `now`, of any status (STS API reference).
[[nodiscard]] result<aws_credentials> read_sts_answer(std::string_view service, const reply& answer, time_point now,
                                                      const secrets_sent& sent);

/// AWS_ACCESS_KEY_ID and what goes with it; nullopt where neither key is set.
[[nodiscard]] std::optional<result<aws_credentials>> keys_of_environment(const environment& env);

/// The settings of one profile, names in lower case.
using profile = std::map<std::string, secret, std::less<>>;

/// What `AWS_PROFILE`, or `default`, says in both files; the credentials file wins. nullopt where there is no such
/// profile and none was asked for. Errors: a file that cannot be read or understood, a named profile that is not there.
[[nodiscard]] result<std::optional<profile>> read_profile(const environment& env);

/// The sections of a shared config or credentials file; names of sections as they stand. Errors name `path` and line.
[[nodiscard]] result<std::map<std::string, profile>> read_sections(const std::string& path, std::string_view text);

/// A role to be assumed with a token from a file (IRSA).
struct web_identity {
    std::string token_file;
    std::string role;
    std::string session; ///< "": one is made up
    std::string region;  ///< "": the global endpoint
    bool fips{false};    ///< also without AWS_USE_FIPS_ENDPOINT
    bool operator==(const web_identity&) const = default;
};

/// Whom the environment has assume a role; nullopt where it says nothing of one. Errors: half of it is there.
[[nodiscard]] std::optional<result<web_identity>> role_of_environment(const environment& env);

/// Asks STS. All must live until completion.
awaitable<result<aws_credentials>> assume_role(caller& by, const environment& env, const web_identity& who,
                                               const wall_clock& clock);

/// True where ECS or EKS Pod Identity are set.
[[nodiscard]] bool has_container(const environment& env);
/// Asks the container's agent. All must live until completion.
awaitable<result<aws_credentials>> ask_container(caller& by, const environment& env, const wall_clock& clock);

/// True unless AWS_EC2_METADATA_DISABLED.
[[nodiscard]] bool has_metadata(const environment& env);
/// Asks IMDSv2. Keys that have expired, or will within a second, are given all the same with more time: the service
/// hands them out when it cannot renew them, and S3 takes them (static stability, as botocore has it). That is no
/// answer while the last good ones, which end at `good_until`, are good; it is moved by those that come. All must live
/// until completion.
awaitable<result<aws_credentials>> ask_metadata(caller& by, const environment& env, const wall_clock& clock,
                                                time_point& good_until);

inline constexpr std::string_view environment_name = "environment";
inline constexpr std::string_view files_name = "shared config and credentials files";
inline constexpr std::string_view web_identity_name = "web identity (IRSA)";
inline constexpr std::string_view container_name = "container credentials";
inline constexpr std::string_view metadata_name = "EC2 instance metadata";

} // namespace sluice::identity::aws
