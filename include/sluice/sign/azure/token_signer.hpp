#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/base/mutex.hpp>
#include <sluice/config/config.hpp>
#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/sign/azure/address.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/signer.hpp>

#include <chrono>
#include <memory>
#include <string_view>

namespace sluice::sign {

/// For stores without an account key: our own requests carry a bearer token; URLs for others are user delegation SAS,
/// whose key is requested for the first such URL (see `identity::azure_delegation_keys`).
class azure_token_signer final : public signer {
public:
    /// `keys` may not be nullptr. Throws `std::invalid_argument` as `resolve_azure_address` does, and for http to
    /// another machine, where the token could be read on the way.
    azure_token_signer(const config::store& store,
                       std::shared_ptr<const identity::provider<identity::bearer_token>> tokens,
                       std::shared_ptr<identity::azure_delegation_keys> keys, wall_clock clock);

    /// Completes without suspending. Errors: `errc::no_credentials` (retryable) where there is no token that is good
    /// now, `errc::sign_failed` as `azure_path` has it.
    awaitable<result<signed_request>> sign(std::string_view key, method m) override;
    /// Errors: those of the delegation key, `errc::sign_failed` for a life that is not from 1 s to `max_sas_lifetime`;
    /// one beyond the delegation key's ends with it.
    awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                              const presign_options& options) override;
    /// Does nothing, since nothing is cached.
    void forget(std::string_view key, method m) override;

    /// What `sign` gives, without a coroutine. Errors: as there.
    [[nodiscard]] result<signed_request> sign_now(std::string_view key) const;

private:
    using time_point = std::chrono::system_clock::time_point;
    [[nodiscard]] std::shared_ptr<const hmac_key> hmac_key_of(const identity::user_delegation_key_ptr& key);
    [[nodiscard]] result<signed_request> make(const identity::user_delegation_key_ptr& by, std::string_view key,
                                              const presign_options& options);

    const azure_address address_;
    const std::chrono::seconds url_expiry_;
    const std::shared_ptr<const identity::provider<identity::bearer_token>> tokens_;
    const std::shared_ptr<identity::azure_delegation_keys> keys_;
    const wall_clock clock_;

    mutex hmac_mutex_;
    std::shared_ptr<const hmac_key> hmac_ GUARDED_BY(hmac_mutex_);
    identity::user_delegation_key_ptr hmac_of_ GUARDED_BY(hmac_mutex_); ///< what `hmac_` was made of
};

} // namespace sluice::sign
