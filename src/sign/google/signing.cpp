#include <sluice/identity/google/adc_file.hpp>
#include <sluice/identity/google/sources.hpp>
#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/sign/google/gcs_hmac_signer.hpp>
#include <sluice/sign/google/gcs_rsa_signer.hpp>
#include <sluice/sign/google/gcs_token_signer.hpp>
#include <sluice/sign/google/gcs_urls.hpp>
#include <sluice/sign/make_signer.hpp>

#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

namespace sluice::sign {

namespace {

std::string location_of(const config::store& store, std::string_view universe) {
    const auto address = resolve_gcs_address(store, universe);
    return address.authority + address.base;
}

signing with_token(const config::store& store, const identity::environment& env, wall_clock clock,
                   std::unique_ptr<identity::source<identity::bearer_token>> source, std::string universe) {
    gcs_token_signer::setup how;
    how.iam = iam_credentials_endpoint(env, universe);
    auto location = location_of(store, universe);
    how.universe = std::move(universe);
    how.account = store.signer;
    auto provider =
        std::make_shared<identity::refreshing_provider<identity::bearer_token>>(std::move(source), clock, store.name);
    auto made = std::make_unique<gcs_token_signer>(store, provider, std::move(clock), std::move(how));
    return {std::move(made), {std::move(provider)}, {}, std::move(location)};
}

constexpr std::string_view usual_universe = "googleapis.com";

} // namespace

signing make_gcs_signing(const config::store& store, const identity::environment& env, wall_clock clock) {
    if (store.anonymous) {
        return {std::make_unique<gcs_token_signer>(store, nullptr, std::move(clock), gcs_token_signer::setup{}),
                {},
                {},
                location_of(store, usual_universe)};
    }
    if (const auto* hmac = std::get_if<config::gcs_hmac_key>(&store.credentials)) {
        return {std::make_unique<gcs_hmac_signer>(store, hmac->id, hmac->key, std::move(clock)),
                {},
                hmac->id,
                location_of(store, usual_universe)};
    }
    std::optional<secret> json;
    if (const auto* file = std::get_if<config::gcs_credentials_file>(&store.credentials)) {
        json = file->json;
    } else if (std::holds_alternative<config::default_chain>(store.credentials)) {
        json = identity::find_adc_file(env);
    } else {
        throw std::invalid_argument("these credentials are not for a GCS store");
    }
    if (!json) {
        auto source = identity::google_metadata_source(env, clock);
        return with_token(store, env, std::move(clock), std::move(source), std::string(usual_universe));
    }
    auto file = identity::parse_adc_file(*json);
    const auto* const account = std::get_if<identity::google_service_account>(&file.who);
    // A key of one's own signs all, unless URLs are to be another account's.
    if (account != nullptr && !file.as && (store.signer.empty() || store.signer == account->email)) {
        return {std::make_unique<gcs_rsa_signer>(store, file.universe, account->email, account->key, std::move(clock)),
                {},
                account->email,
                location_of(store, file.universe)};
    }
    auto universe = file.universe;
    auto source = identity::adc_file_source(std::move(file), clock);
    return with_token(store, env, std::move(clock), std::move(source), std::move(universe));
}

} // namespace sluice::sign
