#include <sluice/identity/azure/chain.hpp>

#include "parts.hpp"

#include <utility>

namespace sluice::identity {

std::unique_ptr<source<bearer_token>> azure_default_chain(const environment& env, wall_clock clock) {
    if (auto token_file = env("AZURE_FEDERATED_TOKEN_FILE")) {
        return azure::workload_identity(env, std::move(clock), std::move(*token_file));
    }
    if (const auto endpoint = env("IDENTITY_ENDPOINT")) {
        return azure::app_service(env, std::move(clock), *endpoint);
    }
    return azure::instance_metadata(env, std::move(clock));
}

} // namespace sluice::identity
