#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

/// An endpoint that the environment names, unread.
struct aws_endpoint {
    std::string_view variable;
    std::string url;
};

/// The endpoint of an AWS service as the SDKs take it from the environment: `of_service` (AWS_ENDPOINT_URL_S3, say;
/// must outlive the answer), else AWS_ENDPOINT_URL; none where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true (AWS SDKs
/// and Tools Reference Guide, "Service-specific endpoints"). `env` gives nullopt for what is unset or empty.
[[nodiscard]] std::optional<aws_endpoint>
aws_endpoint_of(const std::function<std::optional<std::string>(std::string_view)>& env, std::string_view of_service);

} // namespace sluice::config
