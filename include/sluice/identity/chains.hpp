#pragma once

#include <sluice/config/config.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/renewal.hpp>

#include <memory>

/// Each cloud's own way to find an identity where the configuration names none.
namespace sluice::identity {

/// The AWS SDKs' order: environment, shared config and credentials files with profiles, web identity (IRSA), container
/// credentials (ECS, EKS Pod Identity), IMDSv2. The first that is configured is the one that counts: its failure is a
/// failure. Of a profile: keys, or a role with a web identity token file; what else it may name is refused by name. Of
/// IMDS: version 2 alone. `region`: for STS where neither AWS_REGION, AWS_DEFAULT_REGION nor the profile names one; "":
/// its global endpoint then. Keys from files are read anew every minute.
[[nodiscard]] std::unique_ptr<source<aws_credentials>> aws_default_chain(const environment& env, wall_clock clock,
                                                                         std::string region);

/// Workload identity, App Service, IMDS: tokens for `https://storage.azure.com/`.
[[nodiscard]] std::unique_ptr<source<bearer_token>> azure_default_chain(const environment& env, wall_clock clock);

} // namespace sluice::identity
