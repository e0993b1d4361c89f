#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/source.hpp>

#include <memory>

namespace sluice::identity {

/// Azure's default chain, for stores without configured credentials: workload identity, App Service, IMDS. The first
/// one that the environment configures is used, else IMDS. Tokens for `https://storage.azure.com/`.
[[nodiscard]] std::unique_ptr<source<bearer_token>> azure_default_chain(const environment& env, wall_clock clock);

} // namespace sluice::identity
