#pragma once

#include <sluice/base/error.hpp>
#include <sluice/sign/canonical.hpp>
#include <sluice/sign/crypto.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

/// AWS Signature Version 4 as Amazon S3 has it, and its dialects of Cloud Storage: pure, given the time. Sources:
/// Amazon S3 API Reference, sig-v4-header-based-auth and sigv4-query-string-auth; Cloud Storage, "Signatures" and "V4
/// signing process with your own program".
namespace sluice::sign {

/// The payload hash of every presigned URL, and of header-signed requests whose body is not hashed.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// The names in which the dialects differ; all else, the canonical forms too, is the same.
struct v4_dialect {
    std::string_view algorithm;
    std::string_view key_prefix; ///< before the secret, in the first step to a signing key
    std::string_view terminator; ///< of the scope, and the last step to a signing key
    std::string_view prefix;     ///< of the query parameters
};
/// AWS itself.
inline constexpr v4_dialect aws4{"AWS4-HMAC-SHA256", "AWS4", "aws4_request", "X-Amz-"};
/// Cloud Storage with an HMAC key.
inline constexpr v4_dialect goog4_hmac{"GOOG4-HMAC-SHA256", "GOOG4", "goog4_request", "X-Goog-"};
/// Cloud Storage with a service account's RSA key, which signs the string to sign directly, without a signing key.
inline constexpr v4_dialect goog4_rsa{"GOOG4-RSA-SHA256", "", "goog4_request", "X-Goog-"};

/// The maximum lifetime of a presigned URL: seven days, as long as a signing key is valid; the same at Cloud Storage.
inline constexpr std::chrono::seconds max_presigned_lifetime{604800};

/// What is signed. All views must live until the call returns.
struct v4_request {
    std::string_view method;                         ///< upper case
    std::string_view authority;                      ///< the Host field as it will be sent
    std::string_view path;                           ///< encoded, as it will be sent: begins with "/"
    std::span<const field_view> query{};             ///< decoded
    std::span<const field_view> headers{};           ///< to sign besides Host and those the signature itself needs
    std::string_view payload_hash{unsigned_payload}; ///< lower-case hex, or `unsigned_payload`
};

/// By whom, where and when. All views must live until the call returns.
struct v4_scope {
    std::string_view access_key_id;
    std::string_view session_token{}; ///< empty: none
    std::string_view region;
    std::string_view service{"s3"};
    std::string_view timestamp; ///< of `amz_timestamp`
    const v4_dialect* dialect{&aws4};
};

/// The steps of a signature, for tests and for finding out why a store disagrees. Secrets.
struct v4_signature {
    std::string canonical_request;
    std::string string_to_sign;
    std::string signature; ///< lower-case hex
    std::string signed_headers;
    std::string query; ///< canonical, without the signature
};

/// A presigned URL, and how it came about.
struct v4_presigned {
    v4_signature steps;
    std::string target; ///< path and query; the signature is last, once there is one
};

/// `YYYYMMDDTHHMMSSZ`, without fractions.
[[nodiscard]] std::string amz_timestamp(std::chrono::system_clock::time_point time);

/// The key of a day, a region and a service; valid for that UTC day, so cache it. `date`: `YYYYMMDD`. Wipe it after
/// use.
[[nodiscard]] sha256_digest v4_signing_key(std::string_view secret_access_key, std::string_view date,
                                           std::string_view region, std::string_view service,
                                           const v4_dialect& dialect = aws4);

/// All steps but the signature, of `query` and `headers` as they are: nothing is added.
[[nodiscard]] v4_signature v4_steps(const v4_request& request, const v4_scope& scope);

/// The bare algorithm: `query` and `headers` are signed as they are, and nothing is added. Also for other services than
/// S3.
[[nodiscard]] v4_signature v4_sign(const v4_request& request, const v4_scope& scope, const hmac_key& key);

/// A URL without its signature, where another party signs: `steps.string_to_sign` is to be signed, and `v4_attach`
/// completes the URL. `request.payload_hash` must be the value of a signed x-goog-content-sha256 where
/// there is one. Errors: as for `v4_presign`.
[[nodiscard]] result<v4_presigned> v4_prepare(const v4_request& request, const v4_scope& scope,
                                              std::chrono::seconds expires);

/// Appends the signature (lower-case hex) to the query.
void v4_attach(v4_presigned& prepared, const v4_dialect& dialect, std::string signature);

/// A URL that anyone who has it may use for `expires` (1 s to `max_presigned_lifetime`).
/// Errors: `errc::sign_failed` for a lifetime out of that range, for a path that is not absolute, and for control
/// characters in the path, the authority or a header.
[[nodiscard]] result<v4_presigned> v4_presign(const v4_request& request, const v4_scope& scope,
                                              std::chrono::seconds expires, const hmac_key& key);

} // namespace sluice::sign
