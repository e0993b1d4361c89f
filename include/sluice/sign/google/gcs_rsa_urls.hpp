#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/sign/failure_backoff.hpp>
#include <sluice/sign/google/gcs_urls.hpp>
#include <sluice/sign/signer.hpp>
#include <sluice/sign/url_cache.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Makes RSA signatures (RSASSA-PKCS1-v1_5 with SHA-256), here or elsewhere.
class rsa_signing {
public:
    virtual ~rsa_signing() = default;
    /// Completes with the raw signature of `bytes`, which must live until then. Calls may overlap. Errors:
    /// `errc::sign_failed`, `errc::no_credentials`.
    virtual awaitable<result<std::string>> sign(std::string_view bytes) = 0;
};

/// V4 URLs of one bucket signed with RSA (GOOG4-RSA-SHA256). Since a signature costs a millisecond or a request, URLs
/// are cached, and concurrent requests for one, on any worker, share it: one signature for each URL and its lifetime.
/// While signing fails, cached URLs are used until shortly before their expiry, and only some requests try again.
class gcs_rsa_urls {
public:
    /// The maximum number of cached URLs.
    static constexpr std::size_t default_capacity = 4096;

    /// `max_lifetime`: for how long a signature is sure to stay valid.
    gcs_rsa_urls(const config::store& store, std::string_view universe, wall_clock clock,
                 std::chrono::seconds max_lifetime, std::size_t capacity = default_capacity);

    /// What a URL is used for.
    enum class purpose {
        fetch,    ///< a request of our own, now: it may be close to its expiry, by five seconds while signing fails
        redirect, ///< a client's requests, for a while: at least half of its lifetime is left, or, while signing fails,
                  ///< a minute (half of lifetimes below two minutes)
    };

    /// A URL signed as `account` by `with`. One for a given time (`options.at`) bypasses the cache. All arguments must
    /// live until completion. Errors: as for `gcs_urls::prepare` and `with`; those of `with` are repeated for a while
    /// without trying again (see `failure_backoff`).
    awaitable<result<signed_request>> get(rsa_signing& with, std::string_view account, std::string_view key, method m,
                                          const presign_options& options, purpose why);

    /// `made`, or where that is a retryable error the cached URL for `purpose::redirect`, if there is one. For failures
    /// that `get` does not see: it is unknown as whom to sign, or signing takes too long.
    [[nodiscard]] result<signed_request> or_cached(result<signed_request> made, std::string_view account,
                                                   std::string_view key, method m, const presign_options& options);

    /// Forgets the URL of `key` without options.
    void forget(std::string_view account, std::string_view key, method m);

    /// The URLs without their signatures.
    [[nodiscard]] const gcs_urls& urls() const noexcept { return urls_; }

private:
    using time_point = std::chrono::system_clock::time_point;
    using cached_url = std::shared_ptr<const signed_request>;

    [[nodiscard]] time_point::duration half_life(const presign_options& options) const;
    [[nodiscard]] cached_url find(const std::string& id, method m, time_point now, const presign_options& options,
                                  purpose why);
    [[nodiscard]] cached_url find_old(const std::string& id, method m, const presign_options& options, purpose why);
    awaitable<result<signed_request>> make(rsa_signing& with, std::string_view account, std::string_view key, method m,
                                           const presign_options& options, time_point at);

    const gcs_urls urls_;
    const wall_clock clock_;
    const std::chrono::seconds max_lifetime_;
    url_cache cache_;
    failure_backoff backoff_;
    single_flight<result<cached_url>> flights_;
};

} // namespace sluice::sign
