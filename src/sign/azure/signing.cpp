#include <sluice/base/base64.hpp>
#include <sluice/identity/azure/chain.hpp>
#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/sign/azure/key_signer.hpp>
#include <sluice/sign/azure/token_signer.hpp>
#include <sluice/sign/make_signer.hpp>

#include <stdexcept>
#include <utility>
#include <variant>

namespace sluice::sign {

signing make_azure_signing(const config::store& store, const identity::environment& env, wall_clock clock) {
    if (store.anonymous) {
        return {std::make_unique<azure_key_signer>(store, nullptr, std::move(clock)), {}};
    }
    if (const auto* account = std::get_if<config::azure_account_key>(&store.credentials)) {
        const auto bytes = base64_decode(account->key.reveal());
        if (!bytes || bytes->empty()) {
            throw std::invalid_argument("the account key is not base64");
        }
        auto key = std::make_shared<const hmac_key>(as_key(bytes->reveal()));
        return {std::make_unique<azure_key_signer>(store, std::move(key), std::move(clock)), {}, store.account};
    }
    if (!std::holds_alternative<config::default_chain>(store.credentials)) {
        throw std::invalid_argument("an Azure store takes an account key or nothing");
    }
    auto tokens = std::make_shared<identity::refreshing_provider<identity::bearer_token>>(
        identity::azure_default_chain(env, clock), clock, store.name);
    identity::azure_blob_service service{azure_endpoint(store), store.ca_file};
    auto source = std::make_unique<identity::azure_delegation_key_source>(std::move(service), tokens, clock);
    auto keys = std::make_shared<identity::azure_delegation_keys>(std::move(source), clock, store.name);
    auto made = std::make_unique<azure_token_signer>(store, tokens, keys, std::move(clock));
    signing whole{std::move(made), {std::move(tokens)}};
    whole.refreshables_for_urls.push_back(std::move(keys));
    return whole;
}

} // namespace sluice::sign
