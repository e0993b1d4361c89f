#include <sluice/base/secret_json.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/google/adc_file.hpp>

#include "adc_members.hpp"

#include <algorithm>
#include <utility>

namespace sluice::identity {

namespace {

using namespace adc;

std::string universe_of(const json_object& in) {
    auto universe = optional_text(in, "universe_domain", "googleapis.com");
    const bool good = std::ranges::all_of(
        universe, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
    if (!good || universe.front() == '.' || universe.back() == '.') {
        refuse("\"universe_domain\" is not a domain name");
    }
    return universe;
}

google_service_account service_account(const json_object& in) {
    google_service_account out;
    out.email = required_text(in, "client_email");
    out.key_id = optional_text(in, "private_key_id", "");
    out.key = std::make_shared<const rsa_key>(secret_json::text(in, "private_key"));
    out.token_text = optional_text(in, "token_uri", "https://oauth2.googleapis.com/token");
    out.token = url_of(out.token_text, "token_uri");
    return out;
}

google_authorized_user authorized_user(const json_object& in) {
    google_authorized_user out;
    out.client_id = required_text(in, "client_id");
    out.client_secret = required_secret(in, "client_secret");
    out.refresh_token = required_secret(in, "refresh_token");
    out.token = url_of(optional_text(in, "token_uri", "https://oauth2.googleapis.com/token"), "token_uri");
    return out;
}

} // namespace

adc_file parse_adc_file(const secret& json) {
    const secret_json parsed(json.reveal());
    const json_object* in = parsed.object();
    if (in == nullptr) {
        refuse("not a JSON object");
    }
    adc_file out;
    out.universe = universe_of(*in);
    out.as = read_impersonation(*in);
    auto type = required_text(*in, "type");
    if (type == "impersonated_service_account") {
        if (!out.as) {
            refuse("\"service_account_impersonation_url\" is missing");
        }
        in = object_in(*in, "source_credentials");
        if (in == nullptr) {
            refuse("\"source_credentials\" is missing");
        }
        type = required_text(*in, "type");
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
        out.who = read_external_account(*in, out.universe);
    } else {
        refuse("the \"type\" must be service_account, external_account, authorized_user or "
               "impersonated_service_account");
    }
    return out;
}

std::optional<secret> find_adc_file(const environment& env) {
    if (const auto path = env("GOOGLE_APPLICATION_CREDENTIALS")) {
        auto json = read_credential_file(*path);
        if (!json) {
            refuse("GOOGLE_APPLICATION_CREDENTIALS: " + json.error().detail);
        }
        return std::move(*json);
    }
    auto folder = env("CLOUDSDK_CONFIG");
    if (const auto home = env("HOME"); !folder && home) {
        folder = *home + "/.config/gcloud";
    }
    if (!folder) {
        return std::nullopt;
    }
    auto json = read_optional_credential_file(*folder + "/application_default_credentials.json");
    if (!json) {
        refuse(json.error().detail);
    }
    return std::move(*json);
}

} // namespace sluice::identity
