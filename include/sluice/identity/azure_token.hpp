#pragma once

#include <sluice/identity/caller.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/told.hpp>

#include <optional>
#include <string>

/// Access tokens of Microsoft Entra ID for Azure Storage: the answers of its services, and their early renewal.
namespace sluice::identity {

/// The audience of Azure Storage's tokens (learn.microsoft.com, "Authorize access to blobs using Microsoft Entra ID").
inline constexpr std::string_view azure_storage_resource = "https://storage.azure.com/";

/// A token as a service gave it.
struct azure_token {
    secret token;
    time_point expires;
    std::optional<time_point> renew_at{}; ///< where the service says when it wants to be asked again (`refresh_in`)
    std::string client_id{};              ///< "": it does not say
};

/// Reads the answer of a service called `who`, received at `now`: `{access_token, token_type, expires_in | expires_on,
/// refresh_in?, client_id?}`, numbers also as texts.
///
/// `expires_in` goes before `expires_on`: it does not depend on the two clocks agreeing. Errors: `no_credentials`, with
/// the service's `error` and `error_description` for a status other than 200 (retryable for 404, 408, 410, 429 and 5xx,
/// which "How to use managed identities to acquire an access token", "Retry guidance", has), and for an answer that
/// holds no good token (retryable). `sent`: the secrets of the request.
[[nodiscard]] result<azure_token> read_azure_token(const reply& answer, std::string_view who, time_point now,
                                                   const secrets_sent& sent);

/// Turns tokens with a `renew_at` into snapshots that are renewed by it.
///
/// What renews knows only `bearer_token::expires`. So a snapshot says that it ends shortly after `renew_at`; and where
/// the service then fails until that end is near, the token that is still good is given once more, to end a little
/// later. Failures are seen in the meantime, and a token is used until its true end, but never beyond.
class azure_token_keeper {
public:
    /// What a source gives for what its service gave at `now`.
    [[nodiscard]] result<bearer_token> settle(result<azure_token> fetched, time_point now);

private:
    std::optional<azure_token> held_; ///< whose snapshot ends early
    time_point said_{};               ///< that end
};

} // namespace sluice::identity
