#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/identity/google/rsa_key.hpp>
#include <sluice/sign/google/gcs_rsa_urls.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Signed URLs of one Cloud Storage bucket by a service account's own key. Signatures are made on separate threads,
/// since each would block a worker for a millisecond, and are handed back to the worker that asked: it must not end
/// before it has got them, and the signer must outlive its workers.
class gcs_rsa_signer final : public signer {
public:
    /// Throws `std::invalid_argument` as `resolve_gcs_address` does.
    gcs_rsa_signer(const config::store& store, std::string_view universe, std::string email,
                   std::shared_ptr<const identity::rsa_key> key, wall_clock clock,
                   std::size_t capacity = gcs_rsa_urls::default_capacity);

    awaitable<result<signed_request>> sign(std::string_view key, method m) override;
    awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                              const presign_options& options) override;
    void forget(std::string_view key, method m) override;
    [[nodiscard]] url_key own_key() const override { return account_key{email_, signing_.key()}; }

    /// How many signatures were made. For tests.
    [[nodiscard]] std::size_t signatures() const noexcept { return signing_.count; }

private:
    awaitable<result<signed_request>> presign_owning(std::string key, method m, presign_options options);

    class local_rsa_signing final : public rsa_signing {
    public:
        explicit local_rsa_signing(std::shared_ptr<const identity::rsa_key> key)
            : key_(std::move(key)) {}
        awaitable<result<std::string>> sign(std::string_view bytes) override;
        [[nodiscard]] const std::shared_ptr<const identity::rsa_key>& key() const noexcept { return key_; }
        std::atomic<std::size_t> count{0};

    private:
        const std::shared_ptr<const identity::rsa_key> key_;
        file_pool threads_{2}; ///< about 1,500 signatures a second each
    };

    gcs_rsa_urls urls_;
    const std::string email_;
    local_rsa_signing signing_; // last: its threads are joined first
};

} // namespace sluice::sign
