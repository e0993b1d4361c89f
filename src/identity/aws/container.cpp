#include <sluice/config/address.hpp>
#include <sluice/identity/credential_file.hpp>

#include "parts.hpp"

namespace sluice::identity::aws {
namespace {

error wrong(std::string_view why) {
    return refused(container_name, why, mended_by::operator_alone, error_source::internal);
}

/// Where plain http may go: this machine, and the agents of ECS and EKS (AWS SDKs and Tools Reference Guide, "Container
/// credential provider").
bool is_agent(const config::url& place) {
    return config::is_loopback(place) || place.host == "169.254.170.2" || place.host == "169.254.170.23" ||
           place.host == "fd00:ec2::23";
}

result<service_url> endpoint_of(const environment& env) {
    if (const auto relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
        if (!relative->starts_with('/')) {
            return wrong("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with /");
        }
        auto url = parse_service_url("http://169.254.170.2" + *relative);
        if (!url) {
            return wrong("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI " + url.error().detail);
        }
        return url;
    }
    auto url = parse_service_url(env("AWS_CONTAINER_CREDENTIALS_FULL_URI").value_or(""));
    if (!url) {
        return wrong("AWS_CONTAINER_CREDENTIALS_FULL_URI " + url.error().detail);
    }
    if (!url->place.tls && !is_agent(url->place)) {
        return wrong("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or lead to this machine, to 169.254.170.2, "
                     "169.254.170.23 or [fd00:ec2::23]");
    }
    return url;
}

/// The value of Authorization; empty: none is sent. The file is read anew each time: EKS rotates it.
result<secret> authorization_of(const environment& env) {
    if (const auto file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        auto token = read_token_file(*file);
        if (!token) {
            return refused(container_name, token.error().detail, mended_by::trying_again, error_source::internal);
        }
        return token;
    }
    const auto token = env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (!token) {
        return secret();
    }
    if (!is_plain_text(*token)) {
        return wrong("AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line break or another byte that no field may hold");
    }
    return secret(*token);
}

} // namespace

bool has_container(const environment& env) {
    return env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

awaitable<result<aws_credentials>> ask_container(caller& by, const environment& env, const wall_clock& clock) {
    const auto url = endpoint_of(env);
    if (!url) {
        co_return url.error();
    }
    const auto authorization = authorization_of(env);
    if (!authorization) {
        co_return authorization.error();
    }
    call ask = get_from(*url);
    ask.timeout = std::chrono::seconds(2);
    if (!authorization->empty()) {
        ask.fields.emplace_back("Authorization", *authorization);
    }
    const auto answer = co_await by.send(ask);
    if (!answer) {
        co_return unanswered(container_name, answer.error());
    }
    const std::string service = std::string(container_name) + ", " + url->place.authority();
    if (answer->status != 200) {
        const auto said = read_json_problem(answer->body, {authorization->reveal()});
        // 401: the token has expired, and is about to be rotated.
        const auto how = answer->status == 401 ? mended_by::trying_again : by_status(answer->status);
        co_return refused(service, "status " + std::to_string(answer->status) + (said.empty() ? "" : ", " + said), how);
    }
    co_return read_json_credentials(service, answer->body, clock(), {authorization->reveal()});
}

} // namespace sluice::identity::aws
