#include <sluice/config/aws_endpoint.hpp>
#include <sluice/config/text.hpp>

#include <utility>

namespace sluice::config {

std::optional<aws_endpoint> aws_endpoint_of(const std::function<std::optional<std::string>(std::string_view)>& env,
                                            std::string_view of_service) {
    if (to_lower(env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").value_or("")) == "true") {
        return std::nullopt;
    }
    for (const std::string_view variable : {of_service, std::string_view("AWS_ENDPOINT_URL")}) {
        if (auto url = env(variable)) {
            return aws_endpoint{variable, std::move(*url)};
        }
    }
    return std::nullopt;
}

} // namespace sluice::config
