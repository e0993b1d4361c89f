#include <sluice/identity/service_error.hpp>

#include "parts.hpp"

#include <utility>

namespace sluice::identity::azure {

namespace {

class misconfigured_source final : public source<bearer_token> {
public:
    misconfigured_source(std::string name, std::string why)
        : name_(std::move(name))
        , why_(std::move(why)) {}

    awaitable<result<bearer_token>> fetch(http_client& client) override {
        (void)client;
        co_return no_credentials(name_, why_, retryable::no, error_source::internal);
    }
    [[nodiscard]] std::string name() const override { return name_; }

private:
    const std::string name_;
    const std::string why_;
};

} // namespace

token_source::token_source(std::string name, wall_clock clock, std::string client_id)
    : name_(std::move(name))
    , clock_(std::move(clock))
    , client_id_(std::move(client_id)) {}

awaitable<result<bearer_token>> token_source::fetch(http_client& client) {
    const auto request = prepare();
    if (!request) {
        co_return request.error();
    }
    const auto response = co_await client.send(request->http);
    if (!response) {
        const error& e = response.error();
        co_return no_response(name_, e, e.retryable ? retryable::yes : retryable::no);
    }
    auto token = read_azure_token(*response, name_, clock_(), {request->sent.reveal()});
    if (token && token->subject.empty()) {
        token->subject = client_id_;
    }
    co_return token;
}

std::unique_ptr<source<bearer_token>> misconfigured(std::string name, std::string why) {
    return std::make_unique<misconfigured_source>(std::move(name), std::move(why));
}

std::string without_trailing_slash(std::string target) {
    while (target.ends_with('/')) {
        target.pop_back();
    }
    return target;
}

} // namespace sluice::identity::azure
