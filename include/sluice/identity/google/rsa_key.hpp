#pragma once

#include <sluice/identity/credentials.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::identity {

/// A private RSA key, as in Google's service account files. It is in this folder and not in `sign`, since tokens are
/// requested with it too. Immutable: any thread may use it. OpenSSL wipes the key when it is destroyed.
class rsa_key {
public:
    /// From PEM, PKCS #8 or PKCS #1. Throws `std::invalid_argument` for anything else, for an encrypted key, and for
    /// one of less than 2,048 bits; the text never quotes the key.
    explicit rsa_key(std::string_view pem);

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `data` (RFC 8017 §8.2): raw bytes, as many as the modulus has. About a
    /// millisecond of computing: not on a worker's thread where it comes often. nullopt where OpenSSL fails.
    [[nodiscard]] std::optional<std::string> sign(std::string_view data) const;

    /// Whether `signature`, raw, is one of `data` by this key, likewise. Some 30 microseconds.
    [[nodiscard]] bool verify(std::string_view data, std::string_view signature) const;

private:
    struct deleter {
        void operator()(void* key) const noexcept;
    };
    std::unique_ptr<void, deleter> key_; ///< EVP_PKEY, so that no header of OpenSSL is needed here
};

/// The assertion with which a service account requests a token ("Using OAuth 2.0 for Server to Server Applications",
/// RFC 7523): a JWT (RFC 7519) with RS256, valid for an hour from `now`. A secret. `key_id` may be "". Empty where the
/// signature fails.
[[nodiscard]] secret google_assertion(const rsa_key& key, std::string_view key_id, std::string_view email,
                                      std::string_view scope, std::string_view audience, time_point now);

} // namespace sluice::identity
