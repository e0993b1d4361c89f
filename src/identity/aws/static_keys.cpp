#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "parts.hpp"

#include <array>
#include <string>
#include <utility>

// Keys that the environment or a profile contains.
namespace sluice::identity::aws {
namespace {

error invalid_profile(std::string_view why) {
    return no_credentials(files_name, why, retryable::no, error_source::internal);
}

/// The text of a setting; "" where it is absent.
std::string_view text_of(const profile& p, std::string_view name) {
    const auto at = p.find(name);
    return at == p.end() ? std::string_view() : at->second.reveal();
}

/// What the AWS SDKs support in a profile and Sluice does not, by the setting that shows it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> unsupported{{
    {"source_profile", "role_arn with source_profile"},
    {"credential_source", "role_arn with credential_source"},
    {"credential_process", "credential_process"},
    {"sso_session", "sso_session (IAM Identity Center)"},
    {"sso_start_url", "sso_start_url (IAM Identity Center)"},
    {"login_session", "login_session (console sign-in)"},
}};

result<aws_credentials> keys_of(const profile& p) {
    const auto id = text_of(p, "aws_access_key_id");
    const auto key = text_of(p, "aws_secret_access_key");
    if (id.empty() || key.empty()) {
        return invalid_profile("a profile needs both aws_access_key_id and aws_secret_access_key");
    }
    for (const std::string_view name : {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}) {
        if (const auto text = text_of(p, name); !text.empty() && !is_printable_ascii(text)) {
            return invalid_profile(std::string(name) + " " + std::string(not_printable));
        }
    }
    return aws_credentials{std::string(id), secret(key), secret(text_of(p, "aws_session_token")), std::nullopt};
}

} // namespace

result<profile_identity> identity_of_profile(const profile& p) {
    profile_identity out;
    const auto file = text_of(p, "web_identity_token_file");
    const auto role = text_of(p, "role_arn");
    if (!role.empty() && !file.empty()) {
        out.role = web_identity{std::string(file), std::string(role), std::string(text_of(p, "role_session_name")),
                                std::string(text_of(p, "region"))};
        return out;
    }
    if (!role.empty() && text_of(p, "source_profile").empty() && text_of(p, "credential_source").empty()) {
        return invalid_profile("role_arn without web_identity_token_file");
    }
    if (!file.empty()) {
        return invalid_profile("web_identity_token_file without role_arn");
    }
    const bool has_keys = !text_of(p, "aws_access_key_id").empty() || !text_of(p, "aws_secret_access_key").empty();
    if (role.empty() && has_keys) {
        auto keys = keys_of(p);
        if (!keys) {
            return keys.error();
        }
        out.keys = std::move(*keys);
        return out;
    }
    for (const auto& [setting, what] : unsupported) {
        if (!text_of(p, setting).empty()) {
            return invalid_profile(std::string(what) +
                                   " is not supported; use keys, web identity, or the instance's role");
        }
    }
    return out;
}

result<std::optional<aws_credentials>> keys_of_environment(const environment& env) {
    const auto id = env("AWS_ACCESS_KEY_ID");
    const auto key = env("AWS_SECRET_ACCESS_KEY");
    if (!id && !key) {
        return std::optional<aws_credentials>();
    }
    const auto invalid = [](std::string_view why) {
        return no_credentials(environment_name, why, retryable::no, error_source::internal);
    };
    if (!id || !key) {
        return invalid(id ? "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY"
                          : "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID");
    }
    const auto token = env("AWS_SESSION_TOKEN");
    for (const std::string_view name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
        if (const auto value = env(name); value && !is_printable_ascii(*value)) {
            return invalid(std::string(name) + " " + std::string(not_printable));
        }
    }
    aws_credentials made{*id, secret(*key), secret(token.value_or("")), std::nullopt};
    if (const auto until = env("AWS_CREDENTIAL_EXPIRATION")) {
        made.expires = parse_rfc3339(*until);
        if (!made.expires) {
            return invalid("AWS_CREDENTIAL_EXPIRATION must be a time such as 2026-01-15T12:00:00Z");
        }
    }
    return std::optional(std::move(made));
}

} // namespace sluice::identity::aws
