#include <sluice/base/log.hpp>
#include <sluice/base/text.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "parts.hpp"

#include <algorithm>
#include <charconv>
#include <random>

namespace sluice::identity::aws {
namespace {

constexpr std::string_view token_path = "/latest/api/token";
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
/// Seconds: six hours, the maximum of the service.
constexpr std::string_view token_life = "21600";

/// Where the service is and how long to wait for it.
struct metadata_service {
    config::url server;
    std::string base; ///< prefix of its paths; "" or begins with "/"
    std::chrono::milliseconds timeout{2000};
    std::string name;

    [[nodiscard]] http_request request(std::string_view path) const {
        http_request r;
        r.server = server;
        r.target = base + std::string(path);
        r.timeout = timeout;
        return r;
    }
};

result<metadata_service> service_of(const environment& env) {
    std::string text = "http://169.254.169.254";
    if (const auto mode = env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) {
        const auto m = to_lower(*mode);
        if (m != "ipv4" && m != "ipv6") {
            return invalid_setting(metadata_name, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE must be IPv4 or IPv6");
        }
        text = m == "ipv6" ? "http://[fd00:ec2::254]" : text;
    }
    text = env("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(text);
    auto url = parse_service_url(text);
    if (!url) {
        return invalid_setting(metadata_name, "AWS_EC2_METADATA_SERVICE_ENDPOINT " + url.error().detail);
    }
    metadata_service service;
    service.server = std::move(url->server);
    service.base = std::move(url->target);
    while (service.base.ends_with('/')) {
        service.base.pop_back();
    }
    if (service.base.find('?') != std::string::npos) {
        return invalid_setting(metadata_name, "AWS_EC2_METADATA_SERVICE_ENDPOINT must not have a query");
    }
    if (const auto seconds = env("AWS_METADATA_SERVICE_TIMEOUT")) {
        unsigned n = 0;
        const auto [end, ec] = std::from_chars(seconds->data(), seconds->data() + seconds->size(), n);
        if (ec != std::errc() || end != seconds->data() + seconds->size() || n == 0 || n > 60) {
            return invalid_setting(metadata_name, "AWS_METADATA_SERVICE_TIMEOUT must be 1 to 60 seconds");
        }
        service.timeout = std::chrono::seconds(n);
    }
    service.name = std::string(metadata_name) + ", " + service.server.authority();
    return service;
}

error no_role(const metadata_service& service) {
    return no_credentials(service.name, "no IAM role is attached to the instance: attach an instance profile",
                          retryable::no);
}

error status_error(const metadata_service& service, std::string_view path, unsigned status) {
    return no_credentials(service.name, "status " + std::to_string(status) + " for " + std::string(path),
                          retryable_status(status));
}

/// Gets a session token (EC2 user guide, "Use the Instance Metadata Service to access instance metadata"). IMDSv1,
/// which gives keys to any request that reaches it, is not used.
awaitable<result<secret>> get_token(http_client& client, const metadata_service& service) {
    http_request request = service.request(token_path);
    request.method = "PUT";
    request.fields.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", secret(token_life));
    const auto response = co_await client.send(request);
    if (!response) {
        error e = no_response(service.name, response.error());
        e.detail += " (not on EC2? in a container the instance's hop limit must be at least 2)";
        co_return e;
    }
    if (response->status == 404 || response->status == 405) {
        co_return no_credentials(service.name,
                                 "IMDSv2 is not supported there: status " + std::to_string(response->status) +
                                     " for PUT " + std::string(token_path),
                                 retryable::no);
    }
    if (response->status == 403) {
        co_return no_credentials(service.name, "status 403: the metadata service is disabled for this instance",
                                 retryable::no);
    }
    if (response->status != 200) {
        co_return status_error(service, token_path, response->status);
    }
    const auto token = trimmed(response->body.reveal());
    if (!is_access_token(token)) {
        co_return no_credentials(
            service.name, "the response to PUT " + std::string(token_path) + " is not a session token", retryable::yes);
    }
    co_return secret(token);
}

/// IAM API reference, RoleName: `[\w+=,.@-]+`, at most 64 characters.
bool is_role_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_iam_name_char);
}

/// The body at `path`; nullopt for 401, which means that the token is no longer valid.
awaitable<result<std::optional<secret>>> get(http_client& client, const metadata_service& service,
                                             std::string_view path, const secret& token) {
    http_request request = service.request(path);
    request.fields.emplace_back("X-aws-ec2-metadata-token", token);
    const auto response = co_await client.send(request);
    if (!response) {
        co_return no_response(service.name, response.error());
    }
    if (response->status == 401) {
        co_return std::optional<secret>();
    }
    if (response->status == 404) {
        co_return no_role(service);
    }
    if (response->status != 200) {
        co_return status_error(service, path, response->status);
    }
    co_return std::optional(response->body);
}

/// Role and keys with one session token; nullopt where it was refused.
awaitable<result<std::optional<aws_credentials>>>
fetch_with_new_token(http_client& client, const metadata_service& service, const wall_clock& clock) {
    const auto token = co_await get_token(client, service);
    if (!token) {
        co_return token.error();
    }
    const auto roles = co_await get(client, service, roles_path, *token);
    if (!roles) {
        co_return roles.error();
    }
    if (!*roles) {
        co_return std::optional<aws_credentials>();
    }
    const auto listed = trimmed((*roles)->reveal());
    const auto role = trimmed(listed.substr(0, listed.find('\n')));
    if (role.empty()) {
        error e = no_role(service);
        e.retryable = true;
        co_return e;
    }
    if (!is_role_name(role)) {
        co_return no_credentials(service.name, "the response to " + std::string(roles_path) + " is not a role name",
                                 retryable::yes);
    }
    const std::string path = std::string(roles_path) + std::string(role);
    const auto keys = co_await get(client, service, path, *token);
    if (!keys) {
        co_return keys.error();
    }
    if (!*keys) {
        co_return std::optional<aws_credentials>();
    }
    auto read = read_json_credentials(service.name, **keys, clock(), {token->reveal()});
    if (!read) {
        co_return read.error();
    }
    co_return std::optional(std::move(*read));
}

/// botocore's InstanceMetadataFetcher._evaluate_expiration: 15 minutes plus 2 to 10. It extends whatever ends within
/// that time; here only what has ended, since keys are refreshed well before, and a signed URL must not claim a longer
/// life than its keys have. False while the previous keys are still valid: extended ones must not replace them.
bool extend_if_expired(aws_credentials& keys, time_point now, time_point& good_until) {
    if (!keys.expires || *keys.expires > now + std::chrono::seconds(1)) {
        good_until = keys.expires.value_or(time_point::max());
        return true;
    }
    if (good_until > now) {
        return false;
    }
    thread_local std::minstd_rand generator{std::random_device{}()};
    const std::chrono::seconds more(std::uniform_int_distribution<int>(120, 600)(generator));
    const auto expired = format_rfc3339(*keys.expires);
    keys.expires = now + std::chrono::minutes(15) + more;
    log::warn("instance metadata returned expired credentials; they are used nevertheless",
              {{"expired", expired}, {"until", format_rfc3339(*keys.expires)}});
    return true;
}

} // namespace

bool has_metadata(const environment& env) {
    return !is_true(env, "AWS_EC2_METADATA_DISABLED");
}

awaitable<result<aws_credentials>> ask_metadata(http_client& client, const environment& env, const wall_clock& clock,
                                                time_point& good_until) {
    const auto service = service_of(env);
    if (!service) {
        co_return service.error();
    }
    for (int attempt = 0; attempt != 2; ++attempt) { // the service may have dropped a token; hardly a second one too
        auto keys = co_await fetch_with_new_token(client, *service, clock);
        if (!keys) {
            co_return keys.error();
        }
        if (*keys) {
            if (!extend_if_expired(**keys, clock(), good_until)) {
                co_return no_credentials(
                    service->name, "returned expired credentials; the previous ones are still used", retryable::yes);
            }
            co_return std::move(**keys);
        }
    }
    co_return no_credentials(service->name, "status 401 for two new session tokens in a row", retryable::yes);
}

} // namespace sluice::identity::aws
