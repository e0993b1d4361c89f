#include <sluice/config/aws_endpoint.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/credential_file.hpp>

#include "parts.hpp"

#include <algorithm>
#include <array>

namespace sluice::identity::aws {
namespace {

/// The regions whose calls went to the global endpoint before regional ones were the default; what
/// AWS_STS_REGIONAL_ENDPOINTS=legacy brings back (AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints").
constexpr std::array<std::string_view, 16> legacy_regions{
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",  "sa-east-1",
    "us-east-1",      "us-east-2",  "us-west-1",      "us-west-2"};

error wrong(std::string_view why) {
    return refused(web_identity_name, why, mended_by::operator_alone, error_source::internal);
}

/// `[\w+=,.@-]`, what a RoleSessionName may hold.
bool is_session_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

/// A name that tells the pods apart in CloudTrail.
std::string made_up_session(const environment& env) {
    std::string name = "sluice-" + env("HOSTNAME").value_or("sidecar");
    std::erase_if(name, [](char c) { return !is_session_char(c); });
    return name.substr(0, 64);
}

result<service_url> sts_endpoint(const environment& env, const web_identity& who) {
    if (const auto named = config::aws_endpoint_of(env, "AWS_ENDPOINT_URL_STS")) {
        auto url = parse_service_url(named->url);
        if (!url) {
            return wrong(std::string(named->variable) + " " + url.error().detail);
        }
        return url;
    }
    std::string_view region = who.region;
    const auto in_region = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (!std::ranges::all_of(region, in_region)) {
        return wrong("the region is not a name as in eu-west-1");
    }
    const bool legacy = config::to_lower(env("AWS_STS_REGIONAL_ENDPOINTS").value_or("")) == "legacy" &&
                        std::ranges::find(legacy_regions, region) != legacy_regions.end();
    const bool fips = who.fips || is_true(env, "AWS_USE_FIPS_ENDPOINT");
    const bool global = region.empty() || region == "aws-global";
    if (global && fips) {
        region = "us-east-1"; // where the global endpoint is, which has no FIPS one
    }
    service_url url;
    url.place.tls = true;
    url.place.port = 443;
    url.target = "/";
    if (!fips && (global || legacy)) {
        url.place.host = "sts.amazonaws.com";
    } else {
        // AWS General Reference, "AWS STS endpoints": those of GovCloud are FIPS ones by their plain name.
        url.place.host = fips && !region.starts_with("us-gov-") ? "sts-fips." : "sts.";
        url.place.host += region;
        url.place.host += region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    }
    return url;
}

} // namespace

std::optional<result<web_identity>> role_of_environment(const environment& env) {
    const auto file = env("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!file) {
        return std::nullopt; // AWS_ROLE_ARN alone says nothing of where the token is
    }
    const auto role = env("AWS_ROLE_ARN");
    if (!role) {
        return wrong("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    }
    return web_identity{*file, *role, env("AWS_ROLE_SESSION_NAME").value_or(""), ""};
}

awaitable<result<aws_credentials>> assume_role(caller& by, const environment& env, const web_identity& who,
                                               const wall_clock& clock) {
    const std::string session = who.session.empty() ? made_up_session(env) : who.session;
    if (session.size() < 2 || session.size() > 64 || !std::ranges::all_of(session, is_session_char)) {
        co_return wrong("the role's session name must be 2 to 64 of A-Z a-z 0-9 _ + = , . @ -");
    }
    const auto url = sts_endpoint(env, who);
    if (!url) {
        co_return url.error();
    }
    const auto token = read_token_file(who.token_file); // anew each time: the kubelet rotates it
    if (!token) {
        co_return refused(web_identity_name, token.error().detail, mended_by::trying_again, error_source::internal);
    }
    const call ask = post_form(*url, {{"Action", "AssumeRoleWithWebIdentity"},
                                      {"Version", "2011-06-15"},
                                      {"RoleArn", who.role},
                                      {"RoleSessionName", session},
                                      {"WebIdentityToken", token->reveal()}});
    const auto answer = co_await by.send(ask);
    if (!answer) {
        co_return unanswered(web_identity_name, answer.error());
    }
    const std::string service = std::string(web_identity_name) + ", " + url->place.authority();
    co_return read_sts_answer(service, *answer, clock(), {token->reveal()});
}

} // namespace sluice::identity::aws
