#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/sign/day_key.hpp>
#include <sluice/sign/google/gcs_urls.hpp>
#include <sluice/sign/signer.hpp>
#include <sluice/sign/url_cache.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Signed URLs of one Cloud Storage bucket by an HMAC key (GOOG4-HMAC-SHA256). They are cached as in `s3_signer`; the
/// signing key is derived once a day.
class gcs_hmac_signer final : public signer {
public:
    /// The maximum number of cached URLs.
    static constexpr std::size_t default_capacity = 4096;

    /// Throws `std::invalid_argument` as `resolve_gcs_address` does, and for an empty id or secret.
    gcs_hmac_signer(const config::store& store, std::string id, secret key, wall_clock clock,
                    std::size_t capacity = default_capacity);

    /// Complete without suspending; errors as for `gcs_urls::prepare`.
    awaitable<result<signed_request>> sign(std::string_view key, method m) override;
    awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                              const presign_options& options) override;
    void forget(std::string_view key, method m) override;
    [[nodiscard]] url_key own_key() const override { return own_; }

    /// The same without coroutines.
    [[nodiscard]] result<signed_request> sign_now(std::string_view key, method m);
    [[nodiscard]] result<signed_request> presign_now(std::string_view key, method m, const presign_options& options);

private:
    using time_point = std::chrono::system_clock::time_point;
    [[nodiscard]] result<signed_request> make(std::string_view key, method m, const presign_options& options,
                                              time_point at);

    const gcs_urls urls_;
    const identity::aws_credentials_ptr own_; ///< the HMAC key: id and secret
    const wall_clock clock_;
    url_cache cache_;
    day_key day_key_;
};

} // namespace sluice::sign
