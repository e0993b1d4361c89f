#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/sign/google/gcs_rsa_urls.hpp>
#include <sluice/sign/google/gcs_sign_blob.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace sluice::sign {

/// One Cloud Storage bucket without a key: our own requests carry a bearer token, which needs storage.objects.get
/// alone; URLs for others are signed by IAM Credentials.
class gcs_token_signer final : public signer {
public:
    /// A key that Google holds "may not remain valid after 12 hours" (gsutil signurl, -u): no URL lives longer.
    static constexpr std::chrono::hours max_lifetime{12};

    /// What differs between the identities.
    struct setup {
        std::string universe{"googleapis.com"};
        identity::service_url iam{}; ///< see `iam_credentials_endpoint`
        std::string account{};       ///< that signs URLs; "": the account of the token
        sign_blob::retries retries{};
    };

    /// Without a `provider` the objects are public, and nothing is sent or signed. Throws `std::invalid_argument` as
    /// `resolve_gcs_address` does, and where a token would go over http to another machine.
    gcs_token_signer(const config::store& store,
                     std::shared_ptr<const identity::provider<identity::bearer_token>> provider, wall_clock clock,
                     setup how, std::size_t capacity = gcs_rsa_urls::default_capacity);

    /// Completes without suspending. Errors: `errc::no_credentials` (retryable), and `errc::sign_failed` for the key.
    awaitable<result<signed_request>> sign(std::string_view key, method m) override;

    /// Errors: as for `sign`, and those of `sign_blob`; `errc::no_credentials` (retryable) where the signing account is
    /// not known yet, `errc::sign_failed` where it never will be. At `options.deadline` the request is cancelled, for
    /// all who wait for it.
    awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                              const presign_options& options) override;
    void forget(std::string_view key, method m) override;

    /// `presign` by `by`, without a deadline and without cached URLs in place of errors. All arguments must live until
    /// completion.
    awaitable<result<signed_request>> presign_by(identity::http_client& by, std::string_view key, method m,
                                                 const presign_options& options);

private:
    awaitable<result<signed_request>> presign_owning(net::connection_pool& pool, std::string key, method m,
                                                     presign_options options);
    using token_ptr = std::shared_ptr<const identity::bearer_token>;
    [[nodiscard]] result<token_ptr> usable_token() const;
    [[nodiscard]] const std::string& account_of(const identity::bearer_token& token) const {
        return how_.account.empty() ? token.subject : how_.account;
    }

    gcs_rsa_urls urls_;
    const std::shared_ptr<const identity::provider<identity::bearer_token>> provider_;
    const wall_clock clock_;
    const setup how_;
};

} // namespace sluice::sign
