#pragma once

#include <sluice/identity/credentials.hpp>
#include <sluice/sign/crypto.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace sluice::identity {
class rsa_key;
} // namespace sluice::identity

namespace sluice::sign {

/// Whose APIs a URL is for, which tells the signatures that it can have.
enum class url_family : std::uint8_t {
    bucket, ///< Amazon S3 (V2, V4) and Cloud Storage (V2, V4), which take each other's keys
    azure,  ///< shared access signatures
};

/// A service account's own RSA key.
struct account_key {
    std::string email;
    std::shared_ptr<const identity::rsa_key> key; ///< never nullptr
};

/// Azure: a shared key of the storage account, decoded. Never nullptr.
using azure_shared_key = std::shared_ptr<const hmac_key>;

/// The key of a store's own that signed URLs can be checked with, as it is now: none (a public store, or one whose
/// requests carry a token); a key id with its secret (AWS, and HMAC keys of Cloud Storage); a service account's; a
/// storage account's. Immutable; copies share the key.
using url_key = std::variant<std::monostate, identity::aws_credentials_ptr, account_key, azure_shared_key>;

} // namespace sluice::sign
