#pragma once

#include <sluice/identity/credentials.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/sign/google/gcs_rsa_urls.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Where IAM Credentials is: `https://iamcredentials.<universe>`, or what
/// CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS says, as gcloud has it. Throws `std::invalid_argument` for no URL,
/// and for http but to this machine.
[[nodiscard]] identity::service_url iam_credentials_endpoint(const identity::environment& env,
                                                             std::string_view universe);

/// Signatures by a key that Google holds (IAM Credentials API, `projects.serviceAccounts.signBlob`): for identities
/// without a key of their own. They need iam.serviceAccounts.signBlob on the account.
class sign_blob final : public rsa_signing {
public:
    /// How many attempts one signature takes at most, and the pause before the second one, doubled for the third.
    struct retries {
        unsigned tries{3};
        std::chrono::milliseconds pause{200};
    };

    /// `client`, `endpoint` and `token` must outlive this. `account`: an e-mail.
    sign_blob(identity::http_client& client, const identity::service_url& endpoint, std::string_view account,
              const secret& token, retries how)
        : client_(client)
        , endpoint_(endpoint)
        , account_(account)
        , token_(token)
        , how_(how) {}

    /// Errors: `errc::no_credentials` for a token that is refused, else `errc::sign_failed`, with the service's
    /// message. Only 500, 502, 503 and 504 are retried.
    awaitable<result<std::string>> sign(std::string_view bytes) override;

private:
    identity::http_client& client_;
    const identity::service_url& endpoint_;
    const std::string account_;
    const secret& token_;
    const retries how_;
};

} // namespace sluice::sign
