#pragma once

#include <sluice/identity/credentials.hpp>
#include <sluice/sign/crypto.hpp>

#include <memory>
#include <string>
#include <variant>

namespace sluice::identity {
class rsa_key;
} // namespace sluice::identity

namespace sluice::sign {

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
