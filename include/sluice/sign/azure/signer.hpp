#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/sign/azure/address.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/signer.hpp>
#include <sluice/sign/url_cache.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sluice::sign {

/// The version of the SAS that we make, and of the requests that we send with a token. Its layouts are those of
/// 2020-12-06, which services and emulators of all later versions take.
inline constexpr std::string_view azure_version = identity::azure_api_version;

/// The longest life of a SAS that is asked for. With an account key Azure names no limit; a delegation key lives seven
/// days at most, and what it signs ends with it.
inline constexpr std::chrono::hours longest_azure_sas{24 * 365};

/// Service SAS by an account key: in-process, kept and handed out again as `s3_signer` does; one serves GET and HEAD.
/// Read-only, for one blob, over https where the endpoint is. No start is named: a service whose clock is behind would
/// refuse what begins now. Without a key the blobs are public and nothing is signed.
class azure_key_signer final : public signer {
public:
    static constexpr std::size_t default_capacity = 4096;

    /// `key`: the account's, decoded. Throws `std::invalid_argument` as `resolve_azure_address` does.
    azure_key_signer(const config::store& store, std::shared_ptr<const hmac_key> key, wall_clock clock,
                     std::size_t capacity = default_capacity);

    /// Completes without suspending; errors as for `sign_now`.
    awaitable<result<signed_request>> sign(std::string_view key, method m) override;
    /// Completes without suspending; errors as for `presign_now`.
    awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                              const presign_options& options) override;
    void forget(std::string_view key, method m) override;

    /// What `sign` gives, without a coroutine. Errors: `errc::sign_failed`, as `azure_path` has it, or where the clock
    /// or OpenSSL fails.
    [[nodiscard]] result<signed_request> sign_now(std::string_view key);
    /// A URL with options of its own. Errors: as `sign_now`, and `errc::sign_failed` for a life that is not from 1 s to
    /// `longest_azure_sas`.
    [[nodiscard]] result<signed_request> presign_now(std::string_view key, const presign_options& options) const;

    [[nodiscard]] const azure_address& address() const noexcept { return address_; }

private:
    using time_point = std::chrono::system_clock::time_point;
    [[nodiscard]] result<signed_request> make(std::string_view key, const presign_options& options,
                                              time_point now) const;

    const azure_address address_;
    const std::chrono::seconds url_expiry_;
    const std::shared_ptr<const hmac_key> key_;
    const wall_clock clock_;
    url_cache kept_;
};

/// Without an account key: requests of our own carry a bearer token; URLs for others are user delegation SAS, whose key
/// is asked for when the first one is wanted (see `identity::azure_delegation_keys`).
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
    /// Errors: those of the delegation key, `errc::sign_failed` for a life that is not from 1 s to `longest_azure_sas`;
    /// one beyond the delegation key's ends with it.
    awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                              const presign_options& options) override;
    /// Nothing is kept.
    void forget(std::string_view key, method m) override;

    [[nodiscard]] result<signed_request> sign_now(std::string_view key) const;

private:
    using time_point = std::chrono::system_clock::time_point;
    [[nodiscard]] std::shared_ptr<const hmac_key> keyed(const identity::user_delegation_key_ptr& key);
    [[nodiscard]] result<signed_request> make(const identity::user_delegation_key_ptr& by, std::string_view key,
                                              const presign_options& options);

    const azure_address address_;
    const std::chrono::seconds url_expiry_;
    const std::shared_ptr<const identity::provider<identity::bearer_token>> tokens_;
    const std::shared_ptr<identity::azure_delegation_keys> keys_;
    const wall_clock clock_;

    std::mutex hmac_mutex_; ///< guards the set-up key and what it was made of
    std::shared_ptr<const hmac_key> hmac_;
    identity::user_delegation_key_ptr hmac_of_;
};

} // namespace sluice::sign
