#include <sluice/base/secret_json.hpp>
#include <sluice/config/address.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/google/responses.hpp>

#include <boost/json/object.hpp>

#include <stdexcept>

namespace sluice::identity {

namespace {

/// The service's own words; "" where it says none.
std::string words_of(const reply& answer, const secrets_sent& sent) {
    const secret_json json(answer.body.reveal());
    if (json.object() == nullptr) {
        return {};
    }
    // RFC 6749 §5.2: {"error", "error_description"}; google.rpc.Status: {"error": {"code", "message", "status"}}.
    if (const auto* const error = json.object()->if_contains("error"); error != nullptr && error->is_object()) {
        const auto& in = error->get_object();
        return told(secret_json::text(in, "status"), secret_json::text(in, "message"), sent);
    }
    return told(json.text("error"), json.text("error_description"), sent);
}

bool is_passing(unsigned status) {
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

} // namespace

service_url parse_google_url(std::string_view text, std::string_view what, plain_http where) {
    auto url = parse_service_url(text);
    if (!url) {
        throw std::invalid_argument(std::string(what) + ": " + url.error().detail);
    }
    if (!url->place.tls && where == plain_http::to_this_machine && !config::is_loopback(url->place)) {
        throw std::invalid_argument(std::string(what) + " must be an https URL: secrets are sent there");
    }
    return std::move(*url);
}

error google_nonsense(std::string_view service, std::string_view what) {
    return {errc::no_credentials, error_source::origin, true, std::string(service) + ": " + std::string(what)};
}

error google_refusal(std::string_view service, const result<reply>& answer, const secrets_sent& sent) {
    error out{errc::no_credentials, error_source::origin, true, std::string(service) + ": "};
    if (!answer) {
        out.detail += to_string(answer.error().code);
        out.detail += answer.error().detail.empty() ? "" : " (" + answer.error().detail + ")";
        return out;
    }
    out.retryable = is_passing(answer->status);
    out.detail += "status " + std::to_string(answer->status);
    const auto words = words_of(*answer, sent);
    out.detail += words.empty() ? "" : ", " + words;
    return out;
}

result<bearer_token> read_token(std::string_view service, const result<reply>& answer, time_point now,
                                const secrets_sent& sent) {
    if (!answer || answer->status != 200) {
        return google_refusal(service, answer, sent);
    }
    const secret_json json(answer->body.reveal());
    const std::string_view token = json.text("access_token");
    if (!is_access_token(token)) {
        return google_nonsense(service, "the answer holds no access token");
    }
    const auto seconds = json.number("expires_in");
    if (!seconds || *seconds < 1) {
        return google_nonsense(service, "the answer does not say how long the token lives");
    }
    return bearer_token{secret(token), expiry_after(now, std::chrono::seconds(*seconds)), {}};
}

} // namespace sluice::identity
