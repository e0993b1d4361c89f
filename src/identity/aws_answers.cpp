#include <sluice/identity/rfc3339.hpp>
#include <sluice/identity/small_file.hpp>

#include <boost/json.hpp>
#include <openssl/crypto.h>
#include <pugixml.hpp>

#include "aws_parts.hpp"

#include <algorithm>
#include <memory>

namespace sluice::identity::aws {
namespace {

namespace json = boost::json;

/// Memory that is wiped when it is given back: answers hold keys.
class wiping_memory final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        return ::operator new(size, std::align_val_t(alignment));
    }
    void do_deallocate(void* at, std::size_t size, std::size_t alignment) override {
        OPENSSL_cleanse(at, size);
        ::operator delete(at, std::align_val_t(alignment));
    }
    bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

/// The object that `body` is; nullopt where it is none.
std::optional<json::object> read_object(const secret& body) {
    const auto memory = json::make_shared_resource<wiping_memory>();
    json::parser parser(memory);
    parser.reset(memory);
    json::error_code ec;
    const auto text = body.reveal();
    parser.write(text.data(), text.size(), ec);
    if (ec) {
        return std::nullopt;
    }
    json::value value = parser.release();
    if (!value.is_object()) {
        return std::nullopt;
    }
    return std::move(value.get_object());
}

/// The string `name`; "" where there is none.
std::string_view text_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains({name.data(), name.size()});
    if (value == nullptr || !value->is_string()) {
        return {};
    }
    return {value->get_string().data(), value->get_string().size()};
}

std::string code_and_message(std::string_view code, std::string_view message,
                             std::initializer_list<std::string_view> secrets) {
    std::string text(code);
    if (!code.empty() && !message.empty()) {
        text.append(": ");
    }
    return told(text.append(message), secrets);
}

/// The four parts that every service gives, each of which must be there.
result<aws_credentials> made_of(std::string_view service, std::string_view id, std::string_view key,
                                std::string_view token, std::string_view expires) {
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
    return aws_credentials{std::string(id), secret(key), secret(token), until};
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

std::string told(std::string_view text, std::initializer_list<std::string_view> secrets) {
    constexpr std::size_t longest = 300;
    constexpr std::size_t good_part = 12;
    const auto repeats = [text](std::string_view part) { return text.find(part) != std::string_view::npos; };
    for (const auto one : secrets) {
        bool found = !one.empty() && repeats(one);
        for (std::size_t at = 0; !found && at + good_part <= one.size(); at += good_part / 2) {
            found = repeats(one.substr(at, good_part));
        }
        if (found) {
            return "(withheld: it repeats a secret)";
        }
    }
    std::string out(trimmed(text.substr(0, longest)));
    std::ranges::replace_if(
        out, [](char c) { return c < 0x20 || c > 0x7e; }, ' ');
    return out;
}

mended_by by_status(unsigned status) {
    return status == 408 || status == 429 || status >= 500 ? mended_by::trying_again : mended_by::operator_alone;
}

result<aws_credentials> read_json_credentials(std::string_view service, const secret& body) {
    const auto object = read_object(body);
    if (!object) {
        return refused(service, "the answer is not a JSON object", mended_by::trying_again);
    }
    if (object->contains("Code") && text_of(*object, "Code") != "Success") {
        const auto code = text_of(*object, "Code");
        return refused(service, "Code is not Success: " + code_and_message(code, text_of(*object, "Message"), {}),
                       code == "AssumeRoleUnauthorizedAccess" ? mended_by::operator_alone : mended_by::trying_again);
    }
    return made_of(service, text_of(*object, "AccessKeyId"), text_of(*object, "SecretAccessKey"),
                   text_of(*object, "Token"), text_of(*object, "Expiration"));
}

std::string read_json_problem(const secret& body, std::initializer_list<std::string_view> secrets) {
    const auto object = read_object(body);
    if (!object) {
        const bool page = trimmed(body.reveal()).starts_with('<');
        return page ? std::string() : told(body.reveal(), secrets);
    }
    const auto either = [&](std::string_view one, std::string_view other) {
        const auto text = text_of(*object, one);
        return text.empty() ? text_of(*object, other) : text;
    };
    return code_and_message(either("Code", "code"), either("Message", "message"), secrets);
}

result<aws_credentials> read_sts_answer(std::string_view service, const reply& answer, const secret& token) {
    std::string text(answer.body.reveal()); // parsed in place, so that the keys are in no memory but this
    pugi::xml_document document;
    const auto parsed = document.load_buffer_inplace(text.data(), text.size());
    const auto made = [&]() -> result<aws_credentials> {
        if (answer.status != 200) {
            const auto problem = document.child("ErrorResponse").child("Error");
            const std::string_view code = problem.child_value("Code");
            const auto said = parsed ? code_and_message(code, problem.child_value("Message"), {token.reveal()}) : "";
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
                       keys.child_value("SessionToken"), keys.child_value("Expiration"));
    }();
    document.reset();
    OPENSSL_cleanse(text.data(), text.size());
    return made;
}

} // namespace sluice::identity::aws
