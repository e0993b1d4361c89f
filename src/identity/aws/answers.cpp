#include <sluice/base/secret_json.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/json/object.hpp>
#include <pugixml.hpp>

#include "parts.hpp"

namespace sluice::identity::aws {
namespace {

/// The four parts that every service gives, each of which must be there.
result<aws_credentials> made_of(std::string_view service, std::string_view id, std::string_view key,
                                std::string_view token, std::string_view expires, time_point now) {
    const auto bad = [&](std::string_view name) {
        return refused(service, "the answer has no good " + std::string(name), mended_by::trying_again);
    };
    if (!is_plain_text(id)) {
        return bad("AccessKeyId");
    }
    if (!is_plain_text(key)) {
        return bad("SecretAccessKey");
    }
    if (!is_plain_text(token)) {
        return bad("session token");
    }
    const auto until = parse_rfc3339(expires);
    if (!until) {
        return bad("Expiration");
    }
    return aws_credentials{std::string(id), secret(key), secret(token), expiry_at(now, *until)};
}

/// Codes of STS that another try may not meet again (STS API reference, "Common Errors" and the operation's own).
bool passes(std::string_view code) {
    return code == "IDPCommunicationError" || code.starts_with("Throttl") || code == "RequestLimitExceeded" ||
           code == "TooManyRequestsException" || code == "InternalFailure" || code == "InternalError" ||
           code == "ServiceUnavailable";
}

} // namespace

error refused(std::string_view service, std::string_view detail, mended_by how, error_source source) {
    return {errc::no_credentials, source, how == mended_by::trying_again,
            std::string(service).append(": ").append(detail)};
}

error unanswered(std::string_view service, const error& e) {
    return refused(service, e.detail.empty() ? to_string(e.code) : std::string_view(e.detail), mended_by::trying_again,
                   e.source);
}

mended_by by_status(unsigned status) {
    return status == 408 || status == 429 || status >= 500 ? mended_by::trying_again : mended_by::operator_alone;
}

result<aws_credentials> read_json_credentials(std::string_view service, const secret& body, time_point now,
                                              const secrets_sent& sent) {
    const secret_json json(body.reveal());
    if (json.object() == nullptr) {
        return refused(service, "the answer is not a JSON object", mended_by::trying_again);
    }
    if (const auto code = json.text("Code"); json.object()->contains("Code") && code != "Success") {
        return refused(service, "Code is not Success: " + told(code, json.text("Message"), sent),
                       code == "AssumeRoleUnauthorizedAccess" ? mended_by::operator_alone : mended_by::trying_again);
    }
    return made_of(service, json.text("AccessKeyId"), json.text("SecretAccessKey"), json.text("Token"),
                   json.text("Expiration"), now);
}

std::string read_json_problem(const secret& body, const secrets_sent& sent) {
    const secret_json json(body.reveal());
    if (json.object() == nullptr) {
        const bool page = trimmed(body.reveal()).starts_with('<');
        return page ? std::string() : told(body.reveal(), sent);
    }
    const auto either = [&](std::string_view one, std::string_view other) {
        const auto text = json.text(one);
        return text.empty() ? json.text(other) : text;
    };
    return told(either("Code", "code"), either("Message", "message"), sent);
}

result<aws_credentials> read_sts_answer(std::string_view service, const reply& answer, time_point now,
                                        const secrets_sent& sent) {
    wiped_text text(std::string(answer.body.reveal())); // parsed in place, so that the keys are in no memory but this
    pugi::xml_document document;
    const auto parsed = document.load_buffer_inplace(text.text.data(), text.text.size());
    if (answer.status != 200) {
        const auto problem = document.child("ErrorResponse").child("Error");
        const std::string_view code = problem.child_value("Code");
        const auto said = parsed ? told(code, problem.child_value("Message"), sent) : "";
        return refused(service, "status " + std::to_string(answer.status) + (said.empty() ? "" : ", " + said),
                       passes(code) ? mended_by::trying_again : by_status(answer.status));
    }
    if (!parsed) {
        return refused(service, "the answer is not XML", mended_by::trying_again);
    }
    const auto keys = document.child("AssumeRoleWithWebIdentityResponse")
                          .child("AssumeRoleWithWebIdentityResult")
                          .child("Credentials");
    return made_of(service, keys.child_value("AccessKeyId"), keys.child_value("SecretAccessKey"),
                   keys.child_value("SessionToken"), keys.child_value("Expiration"), now);
}

} // namespace sluice::identity::aws
