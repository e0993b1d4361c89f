#include <sluice/base/secret_json.hpp>
#include <sluice/config/address.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/google/responses.hpp>

#include <boost/json/object.hpp>

#include <stdexcept>

namespace sluice::identity {

namespace {

/// The message of the service; "" where there is none.
std::string message_of(const http_response& response, const request_secrets& sent) {
    const secret_json json(response.body.reveal());
    if (json.object() == nullptr) {
        return {};
    }
    // RFC 6749 §5.2: {"error", "error_description"}; google.rpc.Status: {"error": {"code", "message", "status"}}.
    if (const auto* const error = json.object()->if_contains("error"); error != nullptr && error->is_object()) {
        const auto& in = error->get_object();
        return sanitize_message(secret_json::text(in, "status"), secret_json::text(in, "message"), sent);
    }
    return sanitize_message(json.text("error"), json.text("error_description"), sent);
}

retryable google_retryable_status(unsigned status) {
    return status == 425 ? retryable::yes : retryable_status(status);
}

} // namespace

service_url parse_google_url(std::string_view text, std::string_view what, plain_http where) {
    auto url = parse_service_url(text);
    if (!url) {
        throw std::invalid_argument(std::string(what) + ": " + url.error().detail);
    }
    if (!url->server.tls && where == plain_http::to_this_machine && !config::is_loopback(url->server)) {
        throw std::invalid_argument(std::string(what) + " must be an https URL: secrets are sent there");
    }
    return std::move(*url);
}

error invalid_google_response(std::string_view service, std::string_view what) {
    return no_credentials(service, what, retryable::yes);
}

error google_error(std::string_view service, const result<http_response>& response, const request_secrets& sent) {
    if (!response) {
        return no_response(service, response.error());
    }
    const auto message = message_of(*response, sent);
    return no_credentials(service,
                          "status " + std::to_string(response->status) + (message.empty() ? "" : ", " + message),
                          google_retryable_status(response->status));
}

result<bearer_token> read_token(std::string_view service, const result<http_response>& response, time_point now,
                                const request_secrets& sent) {
    if (!response || response->status != 200) {
        return google_error(service, response, sent);
    }
    const secret_json json(response->body.reveal());
    const std::string_view token = json.text("access_token");
    if (!is_access_token(token)) {
        return invalid_google_response(service, "the response has no valid access_token");
    }
    const auto seconds = json.number("expires_in");
    if (!seconds || *seconds < 1) {
        return invalid_google_response(service, "the response has no valid expires_in");
    }
    return bearer_token{secret(token), expiry_after(now, std::chrono::seconds(*seconds)), {}};
}

} // namespace sluice::identity
