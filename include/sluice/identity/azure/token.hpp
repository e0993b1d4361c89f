#pragma once

#include <sluice/identity/credentials.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <string_view>

/// Access tokens of Microsoft Entra ID for Azure Storage: the answers of its services.
namespace sluice::identity {

/// The audience of Azure Storage's tokens (learn.microsoft.com, "Authorize access to blobs using Microsoft Entra ID").
inline constexpr std::string_view azure_storage_resource = "https://storage.azure.com/";

/// Reads the answer of a service called `who`, received at `now`: `{access_token, token_type, expires_in | expires_on,
/// refresh_in?, client_id?}`, numbers also as texts.
///
/// `expires_in` goes before `expires_on`: it does not depend on the two clocks agreeing. `renew_at` is what
/// `refresh_in` says, at least five minutes from now; unset where that is no sooner than the end. `subject` is the
/// `client_id`, "" where the answer has none. Errors: `no_credentials`, with the service's `error` and
/// `error_description` for a status other than 200 (retryable for 404, 408, 410, 429 and 5xx, which "How to use managed
/// identities to acquire an access token", "Retry guidance", has), and for an answer that holds no good token
/// (retryable). `sent`: the secrets of the request.
[[nodiscard]] result<bearer_token> read_azure_token(const reply& answer, std::string_view who, time_point now,
                                                    const secrets_sent& sent);

} // namespace sluice::identity
