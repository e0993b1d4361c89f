#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/sign/aws/s3_address.hpp>
#include <sluice/sign/canonical.hpp>
#include <sluice/sign/day_key.hpp>
#include <sluice/sign/signer.hpp>
#include <sluice/sign/url_cache.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Presigns URLs of one S3 store in-process. A URL is cached and reused until shortly before its expiry (see
/// `reuse_margin`), until the credentials change, or until it is forgotten; so most requests compute nothing.
class s3_signer final : public signer {
public:
    /// The maximum number of cached URLs.
    static constexpr std::size_t default_capacity = 4096;
    /// S3 User Guide, "Object key names": at most 1,024 bytes.
    static constexpr std::size_t max_key_length = 1024;

    /// Without a `provider` the objects are public and nothing is signed. Throws `std::invalid_argument` as
    /// `resolve_s3_address` does.
    s3_signer(const config::store& store, std::shared_ptr<const identity::aws_credentials_provider> provider,
              wall_clock clock, std::size_t capacity = default_capacity);

    /// Completes without suspending; errors as for `sign_now`.
    awaitable<result<signed_request>> sign(std::string_view key, method m) override;

    /// Completes without suspending; errors as for `presign_now`.
    awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                              const presign_options& options) override;

    void forget(std::string_view key, method m) override;

    [[nodiscard]] url_key own_key() const override;

    /// What `sign` gives, without a coroutine. Errors: `errc::no_credentials` (retryable where they have expired),
    /// `errc::sign_failed` for an empty or too long key, or where the clock or OpenSSL fails.
    [[nodiscard]] result<signed_request> sign_now(std::string_view key, method m);

    /// A URL with options of its own; it bypasses the cache. Errors: as `sign_now`, and
    /// `errc::sign_failed` for a life that is not from 1 s to seven days.
    [[nodiscard]] result<signed_request> presign_now(std::string_view key, method m, const presign_options& options);

    /// Where the requests go.
    [[nodiscard]] const bucket_address& address() const noexcept { return address_; }

private:
    using time_point = std::chrono::system_clock::time_point;

    [[nodiscard]] result<identity::aws_credentials_ptr> usable_credentials(time_point now) const;
    [[nodiscard]] result<signed_request> unsigned_request(std::string_view key) const;
    [[nodiscard]] result<signed_request> make(std::string_view key, method m, const presign_options& options,
                                              time_point now, const identity::aws_credentials_ptr& credentials);

    const bucket_address address_;
    const std::chrono::seconds url_expiry_;
    const std::shared_ptr<const identity::aws_credentials_provider> provider_;
    const wall_clock clock_;
    url_cache cache_;
    day_key day_key_;
};

} // namespace sluice::sign
