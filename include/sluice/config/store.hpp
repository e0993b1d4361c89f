#pragma once

#include <sluice/base/secret.hpp>
#include <sluice/config/store_kind.hpp>
#include <sluice/config/values.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice::config {

/// Where the bucket stands in a URL of S3.
enum class addressing_style { automatic, path, virtual_hosted };

/// The default chain of the cloud's SDKs: environment, files, workload identity, metadata server.
struct default_chain {};

/// Static keys of an S3 store.
struct static_keys {
    std::string access_key_id;
    secret secret_access_key;
    secret session_token; ///< empty: none
};

/// GCS: the JSON of a credentials file (`service_account`, or another type that Application Default Credentials know).
struct gcs_credentials_file {
    secret json;
};

/// GCS: an HMAC key of a service account.
struct gcs_hmac_key {
    std::string id;
    secret key;
};

/// Azure: a shared key of the storage account.
struct azure_account_key {
    secret key; ///< base64, as the portal shows it
};

/// Who signs requests to a store.
using store_credentials =
    std::variant<default_chain, static_keys, gcs_credentials_file, gcs_hmac_key, azure_account_key>;

/// Base of what a kind keeps of its own in `store::own`.
struct own_settings {
    virtual ~own_settings() = default;
};

/// A configured store. Members that name a kind are of no meaning to the others.
struct store {
    std::string name;
    const store_kind* kind{nullptr}; ///< never nullptr in a loaded configuration; lives forever
    std::string root;                ///< local: the directory
    bool copy{false};                ///< local: files are read into memory and checked for changes before they are sent
    std::string account;             ///< azure: the storage account's name
    std::string bucket;              ///< azure: the container
    std::string prefix;              ///< every key must begin with it; "" or ends in "/"
    std::string internal;            ///< the path that `object_header` fields name it by too, as "/protected/"; or ""
    std::string region;
    std::optional<url> endpoint;
    addressing_style addressing{addressing_style::automatic};
    duration url_expiry{3600000};
    duration connect_timeout{2000};
    duration response_timeout{10000};
    unsigned parallel{1};    ///< connections that bring bytes for one reader at once
    duration hedge_after{0}; ///< without an answer: then a GET is sent a second time beside the first; 0: never
    std::string ca_file;     ///< "" : the system's
    bool anonymous{false};   ///< the objects are public: nothing is signed, no identity is asked for
    bool fips{false};        ///< s3: the FIPS endpoints
    bool dual_stack{false};  ///< s3: endpoints with IPv6 too
    bool accelerate{false};  ///< s3: Transfer Acceleration
    std::optional<std::string> owner; ///< part of the identity that cached objects belong to
    std::string signer;               ///< gcs: the account that signBlob signs as; "": that of the credentials
    store_credentials credentials; ///< azure: a connection string is taken apart into `account`, `endpoint` and its key
    std::shared_ptr<const struct own_settings> own; ///< settings for which there is no member here, of its kind's type
    std::vector<url> aliases; ///< other places where URLs of the app's have the objects: what follows each is the key
    bool of_preset{false};    ///< made by a preset from the app's variables: where it cannot be used, its routes relay
};

} // namespace sluice::config
