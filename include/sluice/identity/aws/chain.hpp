#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/source.hpp>

#include <memory>
#include <string>

namespace sluice::identity {

/// What applies where the environment does not say otherwise.
struct aws_defaults {
    std::string region{}; ///< of STS, where neither AWS_REGION, AWS_DEFAULT_REGION nor the profile names one; "": none
    bool fips{false};     ///< STS by its FIPS endpoints, as with AWS_USE_FIPS_ENDPOINT
};

/// AWS's default chain, for stores without configured credentials, in the order of the AWS SDKs: environment, shared
/// config and credentials files with profiles, web identity (IRSA), container credentials (ECS, EKS Pod Identity),
/// IMDSv2. The first one that is configured is used; when it fails, the chain fails. A profile may have keys, or a role
/// with a web identity token file; other settings are refused by name. Of IMDS, only version 2. STS is called in its
/// region, without one at its global endpoint. Keys in files are reread every minute.
[[nodiscard]] std::unique_ptr<source<aws_credentials>> aws_default_chain(const environment& env, wall_clock clock,
                                                                         aws_defaults defaults);

} // namespace sluice::identity
