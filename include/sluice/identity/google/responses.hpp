#pragma once

#include <sluice/identity/credentials.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/sanitize_message.hpp>
#include <sluice/identity/service_error.hpp>

#include <string_view>

/// What the requests to Google's identity services have in common: their URLs, responses and errors.
namespace sluice::identity {

/// Where a URL may be in plain http.
enum class plain_http {
    to_this_machine, ///< for what is sent secrets: http to loopback only, as a test or a local helper has it
    anywhere,        ///< for metadata services, which have no https
};

/// As `parse_service_url`. Throws `std::invalid_argument` that names the URL `what`, also for http where it is not
/// allowed.
[[nodiscard]] service_url parse_google_url(std::string_view text, std::string_view what,
                                           plain_http where = plain_http::to_this_machine);

/// Reads the response of a token endpoint (RFC 6749 §5.1): `access_token`, and `expires_in` as a number or as its text.
/// Anything else is an error as for `source::fetch`, with the message of the service (RFC 6749 §5.2, or Google's API
/// errors). `sent`: all secrets of the request.
[[nodiscard]] result<bearer_token> read_token(std::string_view service, const result<http_response>& response,
                                              time_point now, const request_secrets& sent);

/// The error of a request that got no response, or a status other than 200. Retryable: no response, 408, 425, 429 and
/// 5xx.
[[nodiscard]] error google_error(std::string_view service, const result<http_response>& response,
                                 const request_secrets& sent);

/// The error of a response that lacks what it should hold: `what`. Retryable.
[[nodiscard]] error invalid_google_response(std::string_view service, std::string_view what);

} // namespace sluice::identity
