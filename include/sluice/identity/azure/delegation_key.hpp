#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/lazy_provider.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Azure's user delegation keys, with which SAS are signed where no account key is known.
namespace sluice::identity {

/// The version of the Blob service's API that requests name. Not newer than needed: emulators lag behind.
inline constexpr std::string_view azure_api_version = "2021-12-02";

/// The service that issues the keys of one account.
struct azure_blob_service {
    config::url endpoint; ///< with the account in its path where it is path style
    std::string ca_file{};
    std::chrono::milliseconds timeout{5000};
};

/// Reads the response to "Get User Delegation Key", received at `now`: XML, perhaps behind a byte order mark. Its times
/// lose their fractions and go into signatures and URLs as they are here. `refresh_at` is half-way to the expiry, since
/// no URL outlives its key. Errors: `no_credentials`, with the service's code and message for a status other than 200
/// (retryable for 408, 429 and 5xx), and for a response without a valid key or with one that has expired (retryable).
/// `sent`: the secrets of the request.
[[nodiscard]] result<user_delegation_key> read_delegation_key(const http_response& response, time_point now,
                                                              const request_secrets& sent);

/// Requests a key of 24 hours with the current bearer token (learn.microsoft.com, "Get User Delegation Key": at most
/// seven days). Its validity begins a quarter of an hour in the past, so that a service whose clock is behind accepts
/// signatures at once. Needs the role Storage Blob Delegator.
class azure_delegation_key_source final : public source<user_delegation_key> {
public:
    azure_delegation_key_source(azure_blob_service service, std::shared_ptr<const provider<bearer_token>> tokens,
                                wall_clock clock);
    /// Errors: as `read_delegation_key`, and where no token comes within the service's timeout (retryable).
    awaitable<result<user_delegation_key>> fetch(http_client& client) override;
    [[nodiscard]] std::string name() const override { return "Azure user delegation key"; }

private:
    [[nodiscard]] std::shared_ptr<const bearer_token> usable_token() const;

    const azure_blob_service service_;
    const std::shared_ptr<const provider<bearer_token>> tokens_;
    const wall_clock clock_;
};

/// A snapshot; null before the first.
using user_delegation_key_ptr = std::shared_ptr<const user_delegation_key>;

/// The keys of an account, requested when the first URL is to be signed: a store that only streams needs no permission
/// for them.
using azure_delegation_keys = lazy_provider<user_delegation_key>;

} // namespace sluice::identity
