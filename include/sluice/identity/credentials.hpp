#pragma once

#include <sluice/base/secret.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

/// Credentials for stores, each an immutable snapshot once it is published: a refresh makes a new one. `contents()` are
/// all its parts, for comparison: views, some of secrets, valid as long as the snapshot. `refresh_at` is not among
/// them: it says when to refresh at the latest although the credential is valid for longer. Where it is unset, the
/// expiry alone decides, and a credential without one is never refreshed.
namespace sluice::identity {

/// By the wall clock, as services give expiries.
using time_point = std::chrono::system_clock::time_point;

/// One set of AWS keys.
struct aws_credentials {
    std::string access_key_id;
    secret secret_access_key;
    secret session_token;                ///< empty: long-lived keys
    std::optional<time_point> expires{}; ///< unset: never
    std::optional<time_point> refresh_at{};

    /// The identity that an operator knows them by; not a secret.
    [[nodiscard]] const std::string& who() const noexcept { return access_key_id; }
    /// All by which one that was fetched again is told from the current one.
    [[nodiscard]] auto contents() const {
        return std::tuple(std::string_view(access_key_id), secret_access_key.reveal(), session_token.reveal(), expires);
    }
};

/// An OAuth 2.0 access token (RFC 6750).
struct bearer_token {
    secret token;
    std::optional<time_point> expires{};
    std::string subject; ///< e-mail, client id or object id; "": unknown
    std::optional<time_point> refresh_at{};
    bool subject_pending{false}; ///< it has a subject that could not be fetched yet

    /// The identity that an operator knows it by; not a secret.
    [[nodiscard]] const std::string& who() const noexcept { return subject; }
    /// All by which one that was fetched again is told from the current one.
    [[nodiscard]] auto contents() const { return std::tuple(token.reveal(), std::string_view(subject), expires); }
};

/// Azure's user delegation key, which signs SAS (learn.microsoft.com, "Get User Delegation Key"). Its times are texts
/// without fractions, since they go into the signature and the URL byte for byte.
struct user_delegation_key {
    std::string oid;
    std::string tid;
    std::string start;
    std::string expiry;
    std::string service;
    std::string version;
    secret value; ///< base64
    std::optional<time_point> expires{};
    std::optional<time_point> refresh_at{};

    /// The identity that an operator knows it by; not a secret.
    [[nodiscard]] const std::string& who() const noexcept { return oid; }
    /// All by which one that was fetched again is told from the current one.
    [[nodiscard]] auto contents() const {
        return std::tuple(std::string_view(oid), std::string_view(tid), std::string_view(start),
                          std::string_view(expiry), std::string_view(service), std::string_view(version),
                          value.reveal(), expires);
    }
};

/// Provides the newest snapshot of a `T`. A changed pointer means a changed credential.
template <class T>
class provider {
public:
    virtual ~provider() = default;

    /// nullptr where there is none yet. It may have expired: the caller checks. From any thread; never waits.
    [[nodiscard]] virtual std::shared_ptr<const T> current() const = 0;
};

/// A credential that never changes.
template <class T>
class static_provider final : public provider<T> {
public:
    /// `value`: what is given for good.
    explicit static_provider(T value)
        : value_(std::make_shared<const T>(std::move(value))) {}
    [[nodiscard]] std::shared_ptr<const T> current() const override { return value_; }

private:
    std::shared_ptr<const T> value_;
};

/// A snapshot; null before the first.
using aws_credentials_ptr = std::shared_ptr<const aws_credentials>;
/// Where signers get AWS keys from.
using aws_credentials_provider = provider<aws_credentials>;

} // namespace sluice::identity
