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

/// A store's signer, and what renews its credentials.
struct signing {
    std::unique_ptr<sign::signer> signer; ///< nullptr for local stores, which need none
    /// To be run for as long as the signer is used, each by one worker, each after those that it depends on; none where
    /// nothing is renewed.
    std::vector<std::shared_ptr<identity::refreshable>> refreshables{};
    /// The identity of a key that is never renewed: its id, the service account or the storage account; "": no such
    /// key.
    std::string who{};
    /// gcs: authority and path of the bucket, which depend on the universe of the credentials; "" for other kinds.
    std::string location{};
    /// What only `presign` needs, to be run as and after `refreshables`. Nothing is fetched before the first is needed.
    std::vector<std::shared_ptr<identity::refreshable>> refreshables_for_urls{};
};

/// The signer of an S3 store. A store without an endpoint of its own also follows AWS_USE_FIPS_ENDPOINT and
/// AWS_USE_DUALSTACK_ENDPOINT. For use at start-up, as the two below. Throws `std::invalid_argument` for a store that
/// cannot be addressed or a key that cannot be used.
[[nodiscard]] signing make_s3_signing(const config::store& store, const identity::environment& env, wall_clock clock);
/// The signer of a GCS store; may read a credentials file that the environment names. Throws likewise.
[[nodiscard]] signing make_gcs_signing(const config::store& store, const identity::environment& env, wall_clock clock);
/// The signer of an Azure store. Throws likewise.
[[nodiscard]] signing make_azure_signing(const config::store& store, const identity::environment& env,
                                         wall_clock clock);

} // namespace sluice::sign
