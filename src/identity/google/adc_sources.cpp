#include "adc_sources.hpp"

#include <sluice/identity/google/responses.hpp>
#include <sluice/identity/google/sources.hpp>

#include <utility>
#include <variant>

namespace sluice::identity {

namespace {

constexpr std::string_view token_service = "Google's token endpoint";

class service_account_source final : public source<bearer_token> {
public:
    service_account_source(google_service_account who, wall_clock clock)
        : who_(std::move(who))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(http_client& client) override {
        const auto now = clock_();
        const secret assertion =
            google_assertion(*who_.key, who_.key_id, who_.email, google_cloud_scope, who_.token_text, now);
        if (assertion.empty()) {
            co_return error{errc::no_credentials, error_source::internal, false,
                            "Google service account key: OpenSSL cannot sign with the RSA key"};
        }
        const http_request request =
            post_form(who_.token, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                   {"assertion", assertion.reveal()}});
        const auto response = co_await client.send(request);
        auto token = read_token(token_service, response, now, {assertion.reveal()});
        if (token) {
            token->subject = who_.email;
        }
        co_return token;
    }

    [[nodiscard]] std::string name() const override { return "Google service account key"; }

private:
    const google_service_account who_;
    const wall_clock clock_;
};

class authorized_user_source final : public source<bearer_token> {
public:
    authorized_user_source(google_authorized_user who, wall_clock clock)
        : who_(std::move(who))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(http_client& client) override {
        const auto now = clock_();
        const http_request request = post_form(who_.token, {{"grant_type", "refresh_token"},
                                                            {"client_id", who_.client_id},
                                                            {"client_secret", who_.client_secret.reveal()},
                                                            {"refresh_token", who_.refresh_token.reveal()}});
        const auto response = co_await client.send(request);
        co_return read_token(token_service, response, now, {who_.client_secret.reveal(), who_.refresh_token.reveal()});
    }

    [[nodiscard]] std::string name() const override { return "Google user credentials of gcloud"; }

private:
    const google_authorized_user who_;
    const wall_clock clock_;
};

} // namespace

std::unique_ptr<source<bearer_token>> adc_file_source(adc_file file, wall_clock clock) {
    std::unique_ptr<source<bearer_token>> own;
    if (auto* const account = std::get_if<google_service_account>(&file.who)) {
        own = std::make_unique<service_account_source>(std::move(*account), clock);
    } else if (auto* const user = std::get_if<google_authorized_user>(&file.who)) {
        own = std::make_unique<authorized_user_source>(std::move(*user), clock);
    } else {
        own = adc::federation_source(std::get<google_external_account>(std::move(file.who)), clock);
    }
    if (!file.as) {
        return own;
    }
    return adc::impersonation_source(std::move(own), std::move(*file.as), std::move(clock));
}

} // namespace sluice::identity
