#pragma once

#include <sluice/identity/credentials.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <string_view>

/// What the calls to Google's identity services have in common: their URLs, answers and errors.
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

/// The answer of a token endpoint (RFC 6749 §5.1): `access_token`, `expires_in` as a number or as its text. Anything
/// else is an error as for `source::fetch`, with what the service told (RFC 6749 §5.2, or Google's API errors). `sent`:
/// the secrets of the request, all of them.
[[nodiscard]] result<bearer_token> read_token(std::string_view service, const result<reply>& answer, time_point now,
                                              const secrets_sent& sent);

/// The error of a call that gave no answer, or another than 200; for what `read_token` does not read. Retryable: no
/// answer, 408, 425, 429 and 5xx.
[[nodiscard]] error google_refusal(std::string_view service, const result<reply>& answer, const secrets_sent& sent);

/// An answer that means nothing.
[[nodiscard]] error google_nonsense(std::string_view service, std::string_view what);

} // namespace sluice::identity
