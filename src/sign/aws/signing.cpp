#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/sign/aws/s3_signer.hpp>
#include <sluice/sign/make_signer.hpp>

#include <utility>
#include <variant>

namespace sluice::sign {

signing make_s3_signing(const config::store& store, const identity::environment& env, wall_clock clock) {
    config::store whole = store;
    if (!whole.endpoint) { // AWS SDKs and Tools Reference Guide, "Dual-stack and FIPS endpoints"
        whole.fips = whole.fips || identity::is_true(env, "AWS_USE_FIPS_ENDPOINT");
        whole.dual_stack = whole.dual_stack || identity::is_true(env, "AWS_USE_DUALSTACK_ENDPOINT");
    }
    if (store.anonymous) {
        return {std::make_unique<s3_signer>(whole, nullptr, std::move(clock)), {}};
    }
    if (const auto* keys = std::get_if<config::static_keys>(&store.credentials)) {
        identity::aws_credentials fixed_keys{keys->access_key_id, keys->secret_access_key, keys->session_token};
        auto provider = std::make_shared<identity::static_provider<identity::aws_credentials>>(std::move(fixed_keys));
        return {std::make_unique<s3_signer>(whole, std::move(provider), std::move(clock)), {}, keys->access_key_id};
    }
    auto provider = std::make_shared<identity::refreshing_provider<identity::aws_credentials>>(
        identity::aws_default_chain(env, clock, {whole.region, whole.fips}), clock, store.name);
    auto made = std::make_unique<s3_signer>(whole, provider, std::move(clock));
    return {std::move(made), {std::move(provider)}};
}

} // namespace sluice::sign
