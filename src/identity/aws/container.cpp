#include <sluice/config/address.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/credential_text.hpp>

#include "parts.hpp"

namespace sluice::identity::aws {
namespace {

/// The hosts that plain http is allowed to (AWS SDKs and Tools Reference Guide, "Container credential provider"): this
/// machine and the agents of ECS and EKS.
bool is_agent(const config::url& endpoint) {
    return config::is_loopback(endpoint) || endpoint.host == "169.254.170.2" || endpoint.host == "169.254.170.23" ||
           endpoint.host == "fd00:ec2::23";
}

result<service_url> endpoint_of(const environment& env) {
    if (const auto relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
        if (!relative->starts_with('/')) {
            return invalid_setting(container_name, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with /");
        }
        auto url = parse_service_url("http://169.254.170.2" + *relative);
        if (!url) {
            return invalid_setting(container_name, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI " + url.error().detail);
        }
        return url;
    }
    auto url = parse_service_url(env("AWS_CONTAINER_CREDENTIALS_FULL_URI").value_or(""));
    if (!url) {
        return invalid_setting(container_name, "AWS_CONTAINER_CREDENTIALS_FULL_URI " + url.error().detail);
    }
    if (!url->server.tls && !is_agent(url->server)) {
        return invalid_setting(
            container_name,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https URL, or name this machine, 169.254.170.2, "
            "169.254.170.23 or [fd00:ec2::23]");
    }
    return url;
}

/// The value of the Authorization field; empty: it is not sent. The file is read anew each time, since EKS rotates it.
result<secret> authorization_of(const environment& env) {
    if (const auto file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        auto token = read_token_file(*file);
        if (!token) {
            return no_credentials(container_name, token.error().detail, retryable::yes, error_source::internal);
        }
        return token;
    }
    const auto token = env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (!token) {
        return secret();
    }
    if (!is_printable_ascii(*token)) {
        return invalid_setting(container_name, "AWS_CONTAINER_AUTHORIZATION_TOKEN " + std::string(not_printable));
    }
    return secret(*token);
}

} // namespace

bool has_container(const environment& env) {
    return env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

awaitable<result<aws_credentials>> ask_container(http_client& client, const environment& env, const wall_clock& clock) {
    const auto url = endpoint_of(env);
    if (!url) {
        co_return url.error();
    }
    const auto authorization = authorization_of(env);
    if (!authorization) {
        co_return authorization.error();
    }
    http_request request = get_from(*url);
    request.timeout = std::chrono::seconds(2);
    if (!authorization->empty()) {
        request.fields.emplace_back("Authorization", *authorization);
    }
    const auto response = co_await client.send(request);
    if (!response) {
        co_return no_response(container_name, response.error());
    }
    const std::string service = std::string(container_name) + ", " + url->server.authority();
    if (response->status != 200) {
        const auto message = read_json_error(response->body, {authorization->reveal()});
        // 401: the token has expired and is about to be rotated.
        const auto again = response->status == 401 ? retryable::yes : retryable_status(response->status);
        co_return no_credentials(
            service, "status " + std::to_string(response->status) + (message.empty() ? "" : ", " + message), again);
    }
    co_return read_json_credentials(service, response->body, clock(), {authorization->reveal()});
}

} // namespace sluice::identity::aws
