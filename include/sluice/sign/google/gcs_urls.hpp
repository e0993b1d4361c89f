#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/bucket_address.hpp>
#include <sluice/sign/signature_v4.hpp>
#include <sluice/sign/signer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::sign {

/// Where a Cloud Storage bucket is, in the XML API, which addresses objects as S3 does: `storage.<universe>` over TLS
/// or the store's endpoint, path style unless the store says otherwise. Throws `std::invalid_argument` without a
/// bucket.
[[nodiscard]] bucket_address resolve_gcs_address(const config::store& store,
                                                 std::string_view universe = "googleapis.com");

/// The V4 signed URLs of one bucket, except for their signatures. Pure; any thread may use it.
class gcs_urls {
public:
    /// By the wall clock.
    using time_point = std::chrono::system_clock::time_point;
    /// "Object naming requirements": 1 to 1,024 bytes of UTF-8.
    static constexpr std::size_t max_key_length = 1024;

    gcs_urls(const config::store& store, std::string_view universe);

    /// What a URL consists of besides its options.
    struct order {
        std::string_view key;
        method m;
        std::string_view signed_by; ///< the service account's e-mail, or the HMAC key's id
        const v4_dialect* dialect;
        time_point at;
        std::chrono::seconds max_lifetime{max_presigned_lifetime}; ///< for which the signing key is sure to stay valid
    };
    /// All of a URL but its signature.
    struct unsigned_url {
        v4_presigned v4; ///< `steps.string_to_sign` is to be signed
        const v4_dialect* dialect;
        signed_request request; ///< without its target
    };

    /// A URL without its signature. Its lifetime is that of the options, or the store's `url_expiry`, but at most
    /// `max_lifetime`. Errors: `errc::sign_failed` for an empty or too long key, a key with CR or LF, text that is not
    /// UTF-8, a life that is not from 1 s to seven days, and a clock out of range.
    [[nodiscard]] result<unsigned_url> prepare(const order& what, const presign_options& options) const;

    /// Completes `url` with the raw bytes of its signature.
    [[nodiscard]] static signed_request complete(unsigned_url url, std::span<const std::uint8_t> signature);

    /// A request without any signature, whose `expires` is the clock's end. Errors: `errc::sign_failed` for the key, as
    /// for `prepare`.
    [[nodiscard]] result<signed_request> plain(std::string_view key) const;

    /// How long a URL with these options lives.
    [[nodiscard]] std::chrono::seconds life(const presign_options& options) const noexcept {
        return options.expires.value_or(url_expiry_);
    }

    /// Where the requests go.
    [[nodiscard]] const bucket_address& address() const noexcept { return address_; }

private:
    const bucket_address address_;
    const std::chrono::seconds url_expiry_;
};

} // namespace sluice::sign
