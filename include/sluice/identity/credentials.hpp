#pragma once

#include <sluice/base/secret.hpp>
#include <sluice/config/config.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace sluice::identity {

/// One set of AWS keys, immutable once it is published: a refresh makes a new one.
struct aws_credentials {
    std::string access_key_id;
    secret secret_access_key;
    secret session_token;                                           ///< empty: long-lived keys
    std::optional<std::chrono::system_clock::time_point> expires{}; ///< unset: never
};

/// A snapshot. Holders compare the pointers to see that the keys have changed.
using aws_credentials_ptr = std::shared_ptr<const aws_credentials>;

/// Where a store's keys come from. Those that call out (IMDS, web identity) refresh in the background behind this, so
/// that asking never waits.
class aws_credentials_provider {
public:
    virtual ~aws_credentials_provider() = default;

    /// The newest snapshot; nullptr: none yet. It may have expired: the caller checks. From any thread; never blocks on
    /// the network.
    [[nodiscard]] virtual aws_credentials_ptr current() const = 0;
};

/// The keys written in the configuration; they never change.
class static_aws_credentials final : public aws_credentials_provider {
public:
    /// Without an access key id or without a secret key there are none: `current` is then nullptr.
    explicit static_aws_credentials(const config::static_keys& keys);

    [[nodiscard]] aws_credentials_ptr current() const override { return credentials_; }

private:
    aws_credentials_ptr credentials_;
};

} // namespace sluice::identity
