#include <sluice/base/secret_json.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/google/responses.hpp>

#include <boost/json/array.hpp>

#include "adc_members.hpp"

namespace sluice::identity::adc {

namespace {

void read_url(const json_object& in, google_subject_token_source& out) {
    // Metadata services of clouds have no https.
    out.url = parse_google_url(required_text(in, "url"), "Google credentials: the \"url\" of \"credential_source\"",
                               plain_http::anywhere);
    const auto* const fields = object_in(in, "headers");
    if (fields == nullptr) {
        return;
    }
    for (const auto& member : *fields) {
        const std::string name(member.key());
        if (!config::parse_field_name(name)) {
            refuse("\"headers\" of \"credential_source\" contains a name that is not a header field name");
        }
        out.fields.emplace_back(name, required_secret(*fields, name));
    }
}

google_subject_token_source read_subject_token_source(const json_object& in) {
    google_subject_token_source out;
    for (const std::string_view kind : {"environment_id", "executable", "certificate"}) {
        if (in.contains({kind.data(), kind.size()})) {
            refuse("a \"credential_source\" with \"" + std::string(kind) +
                   "\" is not supported: use \"file\" or \"url\"");
        }
    }
    if (in.contains("file") == in.contains("url")) {
        refuse("\"credential_source\" must name a file or a url");
    }
    if (in.contains("file")) {
        const std::string_view path = secret_json::text(in, "file");
        if (path.empty() || path.find('\0') != std::string_view::npos) {
            refuse("the \"file\" of \"credential_source\" is not a path");
        }
        out.file = std::string(path);
    } else {
        read_url(in, out);
    }
    if (const auto* const format = object_in(in, "format")) {
        const auto type = optional_text(*format, "type", "text");
        if (type != "text" && type != "json") {
            refuse("the \"format\" of \"credential_source\" must be text or json");
        }
        out.member = type == "json" ? required_text(*format, "subject_token_field_name") : "";
    }
    return out;
}

std::vector<std::string> read_delegates(const boost::json::value& in) {
    if (!in.is_array()) {
        refuse("\"delegates\" must be a list");
    }
    std::vector<std::string> out;
    for (const auto& one : in.get_array()) {
        const auto* const text = one.if_string();
        if (text == nullptr || !is_printable_ascii({text->data(), text->size()})) {
            refuse("\"delegates\" must be a list of printable ASCII strings");
        }
        out.emplace_back(text->data(), text->size());
    }
    return out;
}

} // namespace

google_external_account read_external_account(const json_object& in, const std::string& universe) {
    google_external_account out;
    out.audience = required_text(in, "audience");
    out.subject_token_type = required_text(in, "subject_token_type");
    out.token = url_of(optional_text(in, "token_url", "https://sts." + universe + "/v1/token"), "token_url");
    if (in.contains("workforce_pool_user_project")) {
        refuse("a workforce pool is not supported: use a workload identity pool");
    }
    const auto* const source = object_in(in, "credential_source");
    if (source == nullptr) {
        refuse("\"credential_source\" is missing");
    }
    out.subject = read_subject_token_source(*source);
    return out;
}

std::optional<google_impersonation> read_impersonation(const json_object& in) {
    constexpr std::string_view name = "service_account_impersonation_url";
    constexpr std::string_view verb = ":generateAccessToken";
    if (!in.contains({name.data(), name.size()})) {
        return std::nullopt;
    }
    google_impersonation out;
    out.url = url_of(required_text(in, name), name);
    const std::string& target = out.url.target;
    if (!target.ends_with(verb)) {
        refuse("\"" + std::string(name) + "\" does not end in " + std::string(verb));
    }
    // AIP-4117: the account stands between the last "/" and the verb.
    out.email = target.substr(0, target.size() - verb.size());
    out.email.erase(0, out.email.rfind('/') + 1);
    if (const auto at = out.email.find("%40"); at != std::string::npos) {
        out.email.replace(at, 3, "@");
    }
    if (const auto* const delegates = in.if_contains("delegates")) {
        out.delegates = read_delegates(*delegates);
    }
    if (const auto* const options = object_in(in, "service_account_impersonation")) {
        if (const auto* const lifetime = options->if_contains("token_lifetime_seconds")) {
            boost::json::error_code ec;
            const auto seconds = lifetime->to_number<std::int64_t>(ec);
            // AIP-4117: "must be between 600 seconds and 43200 seconds"
            if (ec || seconds < 600 || seconds > 43200) {
                refuse("\"token_lifetime_seconds\" must be 600 to 43200");
            }
            out.lifetime = std::chrono::seconds(seconds);
        }
    }
    return out;
}

} // namespace sluice::identity::adc
