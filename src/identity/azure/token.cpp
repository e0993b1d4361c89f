#include <sluice/base/secret_json.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/azure/token.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/identity/service_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace sluice::identity {

namespace {

using namespace std::chrono_literals;

std::optional<time_point> expiry_of(const secret_json& in, time_point now) {
    if (const auto left = in.number("expires_in"); left && *left >= 0) {
        return expiry_after(now, std::chrono::seconds(*left));
    }
    constexpr std::int64_t max_time = 9'000'000'000; // the year 2255: within the range of the clock
    if (const auto at = in.number("expires_on"); at && *at >= 0) {
        return expiry_at(now, time_point(std::chrono::seconds(std::min(*at, max_time))));
    }
    const auto at = parse_rfc3339(in.text("expires_on"));
    return at ? std::optional(expiry_at(now, *at)) : std::nullopt;
}

/// "How to use managed identities to acquire an access token", "Retry guidance": 404, 410, 429 and 5xx are to be
/// retried.
retryable azure_retryable_status(unsigned status) {
    return status == 404 || status == 410 ? retryable::yes : retryable_status(status);
}

error status_error(const http_response& response, std::string_view service, const request_secrets& sent) {
    const secret_json body(response.body.reveal());
    const auto description = body.text("error_description");
    // App Service sends `{"statusCode": …, "message": …}`.
    const auto message =
        sanitize_message(body.text("error"), description.empty() ? body.text("message") : description, sent);
    return no_credentials(service,
                          "answered " + std::to_string(response.status) + (message.empty() ? "" : ": " + message),
                          azure_retryable_status(response.status));
}

} // namespace

result<bearer_token> read_azure_token(const http_response& response, std::string_view service, time_point now,
                                      const request_secrets& sent) {
    if (response.status != 200) {
        return status_error(response, service, sent);
    }
    const secret_json body(response.body.reveal());
    if (body.object() == nullptr) {
        return no_credentials(service, "the response is not a JSON object", retryable::yes);
    }
    const std::string_view token = body.text("access_token");
    if (!is_access_token(token)) {
        return no_credentials(service, "the response has no valid access_token", retryable::yes);
    }
    if (const auto type = body.text("token_type"); !type.empty() && to_lower(type) != "bearer") {
        return no_credentials(service, "the token_type is not Bearer", retryable::no);
    }
    const auto expires = expiry_of(body, now);
    if (!expires) {
        return no_credentials(service, "the response has no valid expires_in or expires_on", retryable::yes);
    }
    if (*expires <= now) {
        return no_credentials(service, "the token has expired already: check the clock of this machine",
                              retryable::yes);
    }
    bearer_token made{secret(token), *expires, std::string(body.text("client_id"))};
    if (!is_printable_ascii(made.subject)) {
        made.subject.clear();
    }
    if (const auto refresh_in = body.number("refresh_in"); refresh_in && *refresh_in >= 0) {
        // A service that returns a cached token may name a moment that has nearly come.
        const auto early = expiry_after(now, std::max<std::chrono::seconds>(std::chrono::seconds(*refresh_in), 5min));
        if (early < *expires) {
            made.refresh_at = early;
        }
    }
    return made;
}

} // namespace sluice::identity
