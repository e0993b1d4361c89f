#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/sign/azure/address.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/signer.hpp>
#include <sluice/sign/url_cache.hpp>

#include <chrono>
#include <memory>
#include <string_view>

namespace sluice::sign {

/// The version of the SAS and of the requests with a token. Its layouts are those of 2020-12-06, which services and
/// emulators of all later versions accept.
inline constexpr std::string_view azure_version = identity::azure_api_version;

/// The maximum lifetime of a SAS. For account keys Azure has no limit; a delegation key lives at most seven days, and
/// what it signs ends with it.
inline constexpr std::chrono::hours max_sas_lifetime{24 * 365};

/// Signs service SAS with an account key, in-process; they are cached and reused as in `s3_signer`, one for GET and
/// HEAD. Each allows reading one blob, over https alone where the endpoint is https. It names no start time, since a
/// service whose clock is behind would refuse a SAS that begins now. Without a key the blobs are public and nothing is
/// signed.
class azure_key_signer final : public signer {
public:
    /// The maximum number of cached URLs.
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
    [[nodiscard]] url_key own_key() const override { return key_ ? url_key(key_) : url_key(); }

    /// What `sign` gives, without a coroutine. Errors: `errc::sign_failed`, as `azure_path` has it, or where the clock
    /// or OpenSSL fails.
    [[nodiscard]] result<signed_request> sign_now(std::string_view key);
    /// A URL with options of its own. Errors: as `sign_now`, and `errc::sign_failed` for a life that is not from 1 s to
    /// `max_sas_lifetime`.
    [[nodiscard]] result<signed_request> presign_now(std::string_view key, const presign_options& options) const;

    /// Where the requests go.
    [[nodiscard]] const azure_address& address() const noexcept { return address_; }

private:
    using time_point = std::chrono::system_clock::time_point;
    [[nodiscard]] result<signed_request> make(std::string_view key, const presign_options& options,
                                              time_point now) const;

    const azure_address address_;
    const std::chrono::seconds url_expiry_;
    const std::shared_ptr<const hmac_key> key_;
    const wall_clock clock_;
    url_cache cache_;
};

} // namespace sluice::sign
