#pragma once

#include <sluice/identity/credentials.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <string_view>

/// Access tokens of Microsoft Entra ID for Azure Storage: the responses of its services.
namespace sluice::identity {

/// The audience of Azure Storage's tokens (learn.microsoft.com, "Authorize access to blobs using Microsoft Entra ID").
inline constexpr std::string_view azure_storage_resource = "https://storage.azure.com/";

/// Reads the response of `service`, received at `now`: `{access_token, token_type, expires_in | expires_on,
/// refresh_in?, client_id?}`, numbers also as texts.
///
/// `expires_in` is preferred to `expires_on`, since it does not need the clocks to agree. `refresh_at` follows
/// `refresh_in`, at least five minutes from now; unset where that is not before the expiry. `subject` is the
/// `client_id`, "" where the response has none. Errors: `no_credentials`, with the service's `error` and
/// `error_description` for a status other than 200 (retryable for 404, 408, 410, 429 and 5xx, which "How to use managed
/// identities to acquire an access token", "Retry guidance", lists), and for a response without a valid token
/// (retryable). `sent`: the secrets of the request.
[[nodiscard]] result<bearer_token> read_azure_token(const http_response& response, std::string_view service,
                                                    time_point now, const request_secrets& sent);

} // namespace sluice::identity
