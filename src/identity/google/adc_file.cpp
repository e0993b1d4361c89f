#include <sluice/base/secret_json.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/google/adc_file.hpp>
#include <sluice/identity/google/responses.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <stdexcept>

namespace sluice::identity {

namespace {

using json_object = boost::json::object;

[[noreturn]] void refuse(const std::string& why) {
    throw std::invalid_argument("Google credentials: " + why);
}

const json_object* object_in(const json_object& in, std::string_view name) {
    const auto* const value = in.if_contains({name.data(), name.size()});
    return value == nullptr ? nullptr : value->if_object();
}

/// A member that must be there; its text goes to URLs, fields and logs, or is a secret: visible ASCII in either case.
std::string_view needed_text(const json_object& in, std::string_view name) {
    const std::string_view text = secret_json::text(in, name);
    if (!is_plain_text(text)) {
        refuse("\"" + std::string(name) + "\" is missing or no plain text");
    }
    return text;
}

std::string needed(const json_object& in, std::string_view name) {
    return std::string(needed_text(in, name));
}

secret needed_secret(const json_object& in, std::string_view name) {
    return secret(needed_text(in, name));
}

std::string optional_text(const json_object& in, std::string_view name, std::string otherwise) {
    return in.contains({name.data(), name.size()}) ? needed(in, name) : std::move(otherwise);
}

service_url url_of(const std::string& text, std::string_view name) {
    return parse_google_url(text, "Google credentials: \"" + std::string(name) + "\"");
}

std::string universe_of(const json_object& in) {
    auto universe = optional_text(in, "universe_domain", "googleapis.com");
    const bool good = std::ranges::all_of(
        universe, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
    if (!good || universe.front() == '.' || universe.back() == '.') {
        refuse("\"universe_domain\" is no domain");
    }
    return universe;
}

google_service_account service_account(const json_object& in) {
    google_service_account out;
    out.email = needed(in, "client_email");
    out.key_id = optional_text(in, "private_key_id", "");
    out.key = std::make_shared<const rsa_key>(secret_json::text(in, "private_key"));
    out.token_text = optional_text(in, "token_uri", "https://oauth2.googleapis.com/token");
    out.token = url_of(out.token_text, "token_uri");
    return out;
}

google_authorized_user authorized_user(const json_object& in) {
    google_authorized_user out;
    out.client_id = needed(in, "client_id");
    out.client_secret = needed_secret(in, "client_secret");
    out.refresh_token = needed_secret(in, "refresh_token");
    out.token = url_of(optional_text(in, "token_uri", "https://oauth2.googleapis.com/token"), "token_uri");
    return out;
}

google_subject subject(const json_object& in) {
    google_subject out;
    if (in.contains("environment_id")) {
        refuse("a \"credential_source\" of AWS is not supported: use one of file or url");
    }
    if (in.contains("executable")) {
        refuse("a \"credential_source\" that is an executable is not supported: use one of file or url");
    }
    if (in.contains("certificate")) {
        refuse("a \"credential_source\" that is a certificate is not supported: use one of file or url");
    }
    if (in.contains("file") == in.contains("url")) {
        refuse("\"credential_source\" must name a file or a url");
    }
    if (in.contains("file")) {
        const std::string_view path = secret_json::text(in, "file");
        if (path.empty() || path.find('\0') != std::string_view::npos) {
            refuse("the \"file\" of \"credential_source\" is no path");
        }
        out.file = std::string(path);
    } else {
        // A cloud's metadata service, which has no https.
        out.url = parse_google_url(needed(in, "url"), "Google credentials: the \"url\" of \"credential_source\"",
                                   plain_http::anywhere);
        if (const auto* const fields = object_in(in, "headers")) {
            for (const auto& member : *fields) {
                const std::string name(member.key());
                if (!config::parse_field_name(name)) {
                    refuse("\"headers\" of \"credential_source\" holds what is no field's name");
                }
                out.fields.emplace_back(name, needed_secret(*fields, name));
            }
        }
    }
    if (const auto* const format = object_in(in, "format")) {
        const auto type = optional_text(*format, "type", "text");
        if (type != "text" && type != "json") {
            refuse("the \"format\" of \"credential_source\" must be text or json");
        }
        out.member = type == "json" ? needed(*format, "subject_token_field_name") : "";
    }
    return out;
}

google_external_account external_account(const json_object& in, const std::string& universe) {
    google_external_account out;
    out.audience = needed(in, "audience");
    out.subject_token_type = needed(in, "subject_token_type");
    out.token = url_of(optional_text(in, "token_url", "https://sts." + universe + "/v1/token"), "token_url");
    if (in.contains("workforce_pool_user_project")) {
        refuse("a workforce pool is not supported: use a workload identity pool");
    }
    const auto* const source = object_in(in, "credential_source");
    if (source == nullptr) {
        refuse("\"credential_source\" is missing");
    }
    out.subject = subject(*source);
    return out;
}

std::optional<google_impersonation> impersonation(const json_object& in) {
    constexpr std::string_view name = "service_account_impersonation_url";
    constexpr std::string_view verb = ":generateAccessToken";
    if (!in.contains({name.data(), name.size()})) {
        return std::nullopt;
    }
    google_impersonation out;
    out.url = url_of(needed(in, name), name);
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
        if (!delegates->is_array()) {
            refuse("\"delegates\" is no list");
        }
        for (const auto& one : delegates->get_array()) {
            const auto* const text = one.if_string();
            if (text == nullptr || !is_plain_text({text->data(), text->size()})) {
                refuse("\"delegates\" holds what is no plain text");
            }
            out.delegates.emplace_back(text->data(), text->size());
        }
    }
    if (const auto* const more = object_in(in, "service_account_impersonation")) {
        if (const auto* const lifetime = more->if_contains("token_lifetime_seconds")) {
            boost::json::error_code ec;
            const auto seconds = lifetime->to_number<std::int64_t>(ec);
            // "must be between 600 seconds and 43200 seconds"
            if (ec || seconds < 600 || seconds > 43200) {
                refuse("\"token_lifetime_seconds\" must be 600 to 43200");
            }
            out.lifetime = std::chrono::seconds(seconds);
        }
    }
    return out;
}

} // namespace

google_file parse_google_file(const secret& json) {
    const secret_json parsed(json.reveal());
    const json_object* in = parsed.object();
    if (in == nullptr) {
        refuse("no JSON object");
    }
    google_file out;
    out.universe = universe_of(*in);
    out.as = impersonation(*in);
    auto type = needed(*in, "type");
    if (type == "impersonated_service_account") {
        if (!out.as) {
            refuse("\"service_account_impersonation_url\" is missing");
        }
        in = object_in(*in, "source_credentials");
        if (in == nullptr) {
            refuse("\"source_credentials\" is missing");
        }
        type = needed(*in, "type");
        if (type == "external_account" && in->contains("service_account_impersonation_url")) {
            refuse("\"source_credentials\" that impersonate are not supported: use \"delegates\"");
        }
    } else if (type != "external_account") {
        out.as.reset();
    }
    if (type == "service_account") {
        out.who = service_account(*in);
    } else if (type == "authorized_user") {
        out.who = authorized_user(*in);
    } else if (type == "external_account") {
        out.who = external_account(*in, out.universe);
    } else {
        refuse("the \"type\" is none of service_account, external_account, authorized_user and "
               "impersonated_service_account");
    }
    return out;
}

std::optional<secret> find_google_file(const environment& env) {
    const auto read = [](const std::string& path, bool* not_there) -> std::optional<secret> {
        auto json = read_small_file(path, not_there);
        if (!json && (not_there == nullptr || !*not_there)) {
            refuse(json.error().detail);
        }
        return json ? std::optional(std::move(*json)) : std::nullopt;
    };
    if (const auto path = env("GOOGLE_APPLICATION_CREDENTIALS")) {
        return read(*path, nullptr);
    }
    auto folder = env("CLOUDSDK_CONFIG");
    if (const auto home = env("HOME"); !folder && home) {
        folder = *home + "/.config/gcloud";
    }
    bool not_there = false;
    return folder ? read(*folder + "/application_default_credentials.json", &not_there) : std::nullopt;
}

} // namespace sluice::identity
