#pragma once

#include <sluice/config/config.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/refreshing_provider.hpp>

#include <memory>

/// Each cloud's own way to find an identity where the configuration names none.
namespace sluice::identity {

/// What the store says of AWS, where the environment does not.
struct aws_defaults {
    std::string region{}; ///< of STS, where neither AWS_REGION, AWS_DEFAULT_REGION nor the profile names one; "": none
    bool fips{false};     ///< STS by its FIPS endpoints, as with AWS_USE_FIPS_ENDPOINT
};

/// The AWS SDKs' order: environment, shared config and credentials files with profiles, web identity (IRSA), container
/// credentials (ECS, EKS Pod Identity), IMDSv2. The first that is configured is the one that counts: its failure is a
/// failure. Of a profile: keys, or a role with a web identity token file; what else it may name is refused by name. Of
/// IMDS: version 2 alone. STS is asked in its region, without one at its global endpoint. Keys from files are read anew
/// every minute.
[[nodiscard]] std::unique_ptr<source<aws_credentials>> aws_default_chain(const environment& env, wall_clock clock,
                                                                         aws_defaults defaults);

/// Workload identity, App Service, IMDS: tokens for `https://storage.azure.com/`.
[[nodiscard]] std::unique_ptr<source<bearer_token>> azure_default_chain(const environment& env, wall_clock clock);

} // namespace sluice::identity
