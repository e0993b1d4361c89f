#include <sluice/base/text.hpp>
#include <sluice/config/aws_endpoint.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/credential_file.hpp>

#include "parts.hpp"

#include <algorithm>
#include <array>

namespace sluice::identity::aws {
namespace {

/// The regions whose calls went to the global endpoint before regional ones were the default, and do so again with
/// AWS_STS_REGIONAL_ENDPOINTS=legacy (AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints").
constexpr std::array<std::string_view, 16> legacy_regions{
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",  "sa-east-1",
    "us-east-1",      "us-east-2",  "us-west-1",      "us-west-2"};

/// A name that distinguishes the pods in CloudTrail.
std::string default_session(const environment& env) {
    std::string name = "sluice-" + env("HOSTNAME").value_or("sidecar");
    std::erase_if(name, [](char c) { return !is_iam_name_char(c); });
    return name.substr(0, 64);
}

result<service_url> sts_endpoint(const environment& env, const web_identity& who) {
    if (const auto named = config::aws_endpoint_of(env, "AWS_ENDPOINT_URL_STS")) {
        auto url = parse_service_url(named->url);
        if (!url) {
            return invalid_setting(web_identity_name, std::string(named->variable) + " " + url.error().detail);
        }
        return url;
    }
    std::string_view region = who.region;
    const auto in_region = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (!std::ranges::all_of(region, in_region)) {
        return invalid_setting(web_identity_name, "the region must be a name such as eu-west-1");
    }
    const bool legacy = to_lower(env("AWS_STS_REGIONAL_ENDPOINTS").value_or("")) == "legacy" &&
                        std::ranges::find(legacy_regions, region) != legacy_regions.end();
    const bool fips = who.fips || is_true(env, "AWS_USE_FIPS_ENDPOINT");
    const bool global = region.empty() || region == "aws-global";
    if (global && fips) {
        region = "us-east-1"; // where the global endpoint is, which has no FIPS variant
    }
    service_url url;
    url.server.tls = true;
    url.server.port = 443;
    url.target = "/";
    if (!fips && (global || legacy)) {
        url.server.host = "sts.amazonaws.com";
    } else {
        // AWS General Reference, "AWS STS endpoints": the regular names in GovCloud are FIPS endpoints.
        url.server.host = fips && !region.starts_with("us-gov-") ? "sts-fips." : "sts.";
        url.server.host += region;
        url.server.host += region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    }
    return url;
}

} // namespace

result<std::optional<web_identity>> role_of_environment(const environment& env) {
    const auto file = env("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!file) {
        return std::optional<web_identity>(); // AWS_ROLE_ARN alone does not say where the token is
    }
    const auto role = env("AWS_ROLE_ARN");
    if (!role) {
        return invalid_setting(web_identity_name, "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    }
    return std::optional(web_identity{*file, *role, env("AWS_ROLE_SESSION_NAME").value_or(""), ""});
}

awaitable<result<aws_credentials>> assume_role(http_client& client, const environment& env, const web_identity& who,
                                               const wall_clock& clock) {
    const std::string session = who.session.empty() ? default_session(env) : who.session;
    if (session.size() < 2 || session.size() > 64 || !std::ranges::all_of(session, is_iam_name_char)) {
        co_return invalid_setting(web_identity_name,
                                  "the role session name (AWS_ROLE_SESSION_NAME or role_session_name) must be 2 to 64 "
                                  "of A-Z a-z 0-9 _ + = , . @ -");
    }
    const auto url = sts_endpoint(env, who);
    if (!url) {
        co_return url.error();
    }
    const auto token = read_token_file(who.token_file); // read each time, since the kubelet rotates it
    if (!token) {
        co_return no_credentials(web_identity_name, token.error().detail, retryable::yes, error_source::internal);
    }
    const http_request request = post_form(*url, {{"Action", "AssumeRoleWithWebIdentity"},
                                                  {"Version", "2011-06-15"},
                                                  {"RoleArn", who.role},
                                                  {"RoleSessionName", session},
                                                  {"WebIdentityToken", token->reveal()}});
    const auto response = co_await client.send(request);
    if (!response) {
        co_return no_response(web_identity_name, response.error());
    }
    const std::string service = std::string(web_identity_name) + ", " + url->server.authority();
    co_return read_sts_response(service, *response, clock(), {token->reveal()});
}

} // namespace sluice::identity::aws
