#include <sluice/base/secret_json.hpp>
#include <sluice/http/date.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/identity/google/sources.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "adc_sources.hpp"

#include <algorithm>
#include <utility>

namespace sluice::identity::adc {

namespace {

constexpr std::string_view iam = "IAM Credentials generateAccessToken";

/// Acts as a service account by means of another identity.
class impersonating_source final : public source<bearer_token> {
public:
    impersonating_source(std::unique_ptr<source<bearer_token>> inner, google_impersonation as, wall_clock clock)
        : inner_(std::move(inner))
        , as_(std::move(as))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(http_client& client) override {
        auto own = co_await inner_->fetch(client);
        if (!own) {
            co_return own;
        }
        boost::json::array delegates;
        for (const auto& one : as_.delegates) {
            delegates.emplace_back(one);
        }
        const boost::json::object body{{"delegates", std::move(delegates)},
                                       {"scope", boost::json::array{google_cloud_scope}},
                                       {"lifetime", std::to_string(as_.lifetime.count()) + "s"}};
        http_request request = post_to(as_.url, "application/json", secret(boost::json::serialize(body)));
        request.fields.emplace_back("Authorization", bearer_field(own->token));
        const auto response = co_await client.send(request);
        co_return read(response, own->token);
    }

    [[nodiscard]] std::string name() const override { return inner_->name() + " as " + as_.email; }

private:
    // {"accessToken", "expireTime": RFC 3339}. The expiry is by the clock of the service, so its Date counts as "now"
    // where it sends one. No token is taken to live longer than was asked for.
    [[nodiscard]] result<bearer_token> read(const result<http_response>& response, const secret& sent) const {
        if (!response || response->status != 200) {
            return google_error(iam, response, {sent.reveal()});
        }
        const secret_json json(response->body.reveal());
        const auto token = json.text("accessToken");
        const auto ends = parse_rfc3339(json.text("expireTime"));
        if (!is_access_token(token) || !ends) {
            return invalid_google_response(iam, "the response has no valid accessToken and expireTime");
        }
        const auto now = clock_();
        const auto service_time = http::parse_http_date(response->field("Date"));
        // In seconds, whose range holds any date of a header field.
        const auto left = std::chrono::floor<std::chrono::seconds>(*ends) -
                          service_time.value_or(std::chrono::ceil<std::chrono::seconds>(now));
        if (left <= std::chrono::seconds(0)) {
            return invalid_google_response(iam,
                                           "the access token has expired already: check the clock of this machine");
        }
        const auto expires = expiry_after(now, std::min(left, as_.lifetime));
        return bearer_token{secret(token), expires, as_.email};
    }

    const std::unique_ptr<source<bearer_token>> inner_;
    const google_impersonation as_;
    const wall_clock clock_;
};

} // namespace

std::unique_ptr<source<bearer_token>> impersonation_source(std::unique_ptr<source<bearer_token>> own,
                                                           google_impersonation as, wall_clock clock) {
    return std::make_unique<impersonating_source>(std::move(own), std::move(as), std::move(clock));
}

} // namespace sluice::identity::adc
