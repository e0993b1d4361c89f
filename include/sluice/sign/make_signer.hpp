#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/sign/signer.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sluice::sign {

/// A store's signer with what it lives on.
struct signing {
    std::unique_ptr<sign::signer> signer; ///< nullptr for local stores, which need none
    /// To be run for as long as the signer is used, each by one worker; none where nothing is renewed. In the order in
    /// which they depend on each other.
    std::vector<std::shared_ptr<identity::renewable>> renewals{};
    /// Whom a key that is never renewed stands for: its id, the service account or the storage account; "": none such.
    std::string who{};
    /// gcs: authority and path of the bucket, which the credentials' universe may decide; "" of the others.
    std::string place{};
    /// To be run as `renewals` are, after them: what only URLs for others need, asked for when the first is wanted.
    std::vector<std::shared_ptr<identity::renewable>> renewals_for_urls{};
};

// One for each kind of store. Called at start-up. Each throws `std::invalid_argument` for a store that cannot be
// addressed or a key that cannot be used.
/// An S3 store without an endpoint of its own is also taken to AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT.
[[nodiscard]] signing make_s3_signing(const config::store& store, const identity::environment& env, wall_clock clock);
[[nodiscard]] signing make_gcs_signing(const config::store& store, const identity::environment& env, wall_clock clock);
[[nodiscard]] signing make_azure_signing(const config::store& store, const identity::environment& env,
                                         wall_clock clock);

} // namespace sluice::sign
