#include <sluice/base/secret_json.hpp>
#include <sluice/base/text.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/json/object.hpp>
#include <pugixml.hpp>

#include "parts.hpp"

namespace sluice::identity::aws {
namespace {

result<aws_credentials> credentials_from(std::string_view service, std::string_view id, std::string_view key,
                                         std::string_view token, std::string_view expires, time_point now) {
    const auto invalid = [&](std::string_view name) {
        return no_credentials(service, "the response has no valid " + std::string(name), retryable::yes);
    };
    if (!is_printable_ascii(id)) {
        return invalid("AccessKeyId");
    }
    if (!is_printable_ascii(key)) {
        return invalid("SecretAccessKey");
    }
    if (!is_printable_ascii(token)) {
        return invalid("session token");
    }
    const auto until = parse_rfc3339(expires);
    if (!until) {
        return invalid("Expiration");
    }
    return aws_credentials{std::string(id), secret(key), secret(token), expiry_at(now, *until)};
}

/// STS API reference, "Common Errors" and those of AssumeRoleWithWebIdentity.
bool is_transient(std::string_view code) {
    return code == "IDPCommunicationError" || code.starts_with("Throttl") || code == "RequestLimitExceeded" ||
           code == "TooManyRequestsException" || code == "InternalFailure" || code == "InternalError" ||
           code == "ServiceUnavailable";
}

} // namespace

result<aws_credentials> read_json_credentials(std::string_view service, const secret& body, time_point now,
                                              const request_secrets& sent) {
    const secret_json json(body.reveal());
    if (json.object() == nullptr) {
        return no_credentials(service, "the response is not a JSON object", retryable::yes);
    }
    if (const auto code = json.text("Code"); json.object()->contains("Code") && code != "Success") {
        return no_credentials(service, "Code is not Success: " + sanitize_message(code, json.text("Message"), sent),
                              code == "AssumeRoleUnauthorizedAccess" ? retryable::no : retryable::yes);
    }
    return credentials_from(service, json.text("AccessKeyId"), json.text("SecretAccessKey"), json.text("Token"),
                            json.text("Expiration"), now);
}

std::string read_json_error(const secret& body, const request_secrets& sent) {
    const secret_json json(body.reveal());
    if (json.object() == nullptr) {
        const bool page = trimmed(body.reveal()).starts_with('<');
        return page ? std::string() : sanitize_message(body.reveal(), sent);
    }
    const auto either = [&](std::string_view one, std::string_view other) {
        const auto text = json.text(one);
        return text.empty() ? json.text(other) : text;
    };
    return sanitize_message(either("Code", "code"), either("Message", "message"), sent);
}

result<aws_credentials> read_sts_response(std::string_view service, const http_response& response, time_point now,
                                          const request_secrets& sent) {
    wiped_text text(std::string(response.body.reveal())); // parsed in place, so that no other memory holds the keys
    pugi::xml_document document;
    const auto parsed = document.load_buffer_inplace(text.text.data(), text.text.size());
    if (response.status != 200) {
        const auto failure = document.child("ErrorResponse").child("Error");
        const std::string_view code = failure.child_value("Code");
        const auto message = parsed ? sanitize_message(code, failure.child_value("Message"), sent) : "";
        return no_credentials(service,
                              "status " + std::to_string(response.status) + (message.empty() ? "" : ", " + message),
                              is_transient(code) ? retryable::yes : retryable_status(response.status));
    }
    if (!parsed) {
        return no_credentials(service, "the response is not XML", retryable::yes);
    }
    const auto keys = document.child("AssumeRoleWithWebIdentityResponse")
                          .child("AssumeRoleWithWebIdentityResult")
                          .child("Credentials");
    return credentials_from(service, keys.child_value("AccessKeyId"), keys.child_value("SecretAccessKey"),
                            keys.child_value("SessionToken"), keys.child_value("Expiration"), now);
}

} // namespace sluice::identity::aws
