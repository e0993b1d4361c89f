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

/// V4 URLs of one bucket signed with RSA (GOOG4-RSA-SHA256). As a signature costs a millisecond or a call, URLs are
/// kept, and those who ask for one at the same time, on any worker, get the same: one signature for each URL and its
/// life. Where signatures cannot be had, kept URLs are given to near their end, and not every request asks again.
class gcs_rsa_urls {
public:
    static constexpr std::size_t default_capacity = 4096;

    /// `longest`: how long what is signed is sure to be good.
    gcs_rsa_urls(const config::store& store, std::string_view universe, wall_clock clock, std::chrono::seconds longest,
                 std::size_t capacity = default_capacity);

    /// Who is to use a URL.
    enum class use {
        own,    ///< we, now: it may be about to end, in five seconds where no other can be had
        others, ///< somebody else, for a while: at least half of its life is left, or a minute of more than two where
                ///< no other can be had
    };

    /// A URL by `account`, its signature from `with`. One for a time of its own (`options.at`) is neither kept nor
    /// taken from those. All arguments must live until completion. Errors: as for `gcs_urls::prepare` and `with`; those
    /// of `with` are told again for a while without asking (see `failure_memory`).
    awaitable<result<signed_request>> get(rsa_signing& with, std::string_view account, std::string_view key, method m,
                                          const presign_options& options, use by);

    /// `made`; where that failed and may not another time, the URL that is kept for others, if there is one. For what
    /// `get` does not see: whoever has to sign is not known, or the answer takes too long.
    [[nodiscard]] result<signed_request> or_kept(result<signed_request> made, std::string_view account,
                                                 std::string_view key, method m, const presign_options& options);

    /// Forgets the URL of `key` without options.
    void forget(std::string_view account, std::string_view key, method m);

    [[nodiscard]] const gcs_urls& urls() const noexcept { return urls_; }

private:
    using time_point = std::chrono::system_clock::time_point;
    using kept_url = std::shared_ptr<const signed_request>;

    [[nodiscard]] time_point::duration half_life(const presign_options& options) const;
    [[nodiscard]] kept_url find(const std::string& id, method m, time_point now, const presign_options& options,
                                use by);
    [[nodiscard]] kept_url find_old(const std::string& id, method m, const presign_options& options, use by);
    awaitable<result<signed_request>> make(rsa_signing& with, std::string_view account, std::string_view key, method m,
                                           const presign_options& options, time_point at);

    const gcs_urls urls_;
    const wall_clock clock_;
    const std::chrono::seconds longest_;
    url_cache kept_;
    failure_memory failure_;
    single_flight<result<kept_url>> flights_;
};

} // namespace sluice::sign
