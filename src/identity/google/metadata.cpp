#include <sluice/base/text.hpp>
#include <sluice/config/address.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/identity/google/sources.hpp>
#include <sluice/identity/refresh_schedule.hpp>

#include <stdexcept>

namespace sluice::identity {

namespace {

constexpr std::string_view service = "GCE metadata server";

/// For NO_GCE_CHECK=true: without a credentials file there is nothing to ask.
class no_google_identity final : public source<bearer_token> {
public:
    awaitable<result<bearer_token>> fetch(http_client& client) override {
        (void)client;
        co_return error{errc::no_credentials, error_source::internal, false,
                        "there is no Google credentials file, and NO_GCE_CHECK=true rules out a metadata server: set "
                        "GOOGLE_APPLICATION_CREDENTIALS"};
    }
    [[nodiscard]] std::string name() const override { return "no Google identity"; }
};

class metadata_source final : public source<bearer_token> {
public:
    metadata_source(config::url place, wall_clock clock)
        : place_(std::move(place))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(http_client& client) override {
        const http_request for_token = request("token");
        const auto response = co_await client.send(for_token);
        const auto genuine = check_flavor(response);
        if (!genuine) {
            co_return genuine.error();
        }
        auto token = read_token(service, response, clock_(), {});
        if (!token) {
            co_return token;
        }
        // The e-mail is fetched once, since it does not change. A token is useful without it: only signBlob needs it.
        // So where it could not be read, the next try does not wait for the token's expiry.
        if (email_.empty()) {
            const http_request for_email = request("email");
            const auto email = co_await client.send(for_email);
            email_ = read_email(email);
            if (email_.empty() && email_may_follow(email)) {
                const auto now = clock_();
                token->subject_pending = true;
                token->refresh_at =
                    now + refresh_schedule::after_failure(++failed_email_requests_, now, token->expires, random_unit());
            }
        }
        token->subject = email_;
        co_return token;
    }

    [[nodiscard]] std::string name() const override { return std::string(service); }

private:
    [[nodiscard]] http_request request(std::string_view what) const {
        http_request out;
        out.server = place_;
        out.target = "/computeMetadata/v1/instance/service-accounts/default/" + std::string(what);
        out.fields.emplace_back("Metadata-Flavor", secret("Google"));
        out.timeout = std::chrono::seconds(3); // as in Google's own libraries
        return out;
    }

    // "When you query […] check for the Metadata-Flavor: Google response header": a captive portal does not send it.
    static result<void> check_flavor(const result<http_response>& response) {
        if (response && response->status == 200 && response->field("Metadata-Flavor") != "Google") {
            return invalid_google_response(service,
                                           "something else answers in its place: the response lacks Metadata-Flavor");
        }
        return {};
    }

    // Of a response without a valid e-mail: whether the next may have one. A workload may have no service account at
    // all.
    static bool email_may_follow(const result<http_response>& response) {
        return !response || retryable_status(response->status) == retryable::yes || !check_flavor(response);
    }

    static std::string read_email(const result<http_response>& response) {
        if (!response || response->status != 200 || !check_flavor(response)) {
            return {};
        }
        const auto text = trimmed(response->body.reveal());
        return is_printable_ascii(text) && text.size() <= 320 && text.find(' ') == std::string_view::npos
                   ? std::string(text)
                   : std::string();
    }

    const config::url place_;
    const wall_clock clock_;
    std::string email_;
    unsigned failed_email_requests_{0};
};

} // namespace

std::unique_ptr<source<bearer_token>> google_metadata_source(const environment& env, wall_clock clock) {
    if (is_true(env, "NO_GCE_CHECK")) {
        return std::make_unique<no_google_identity>();
    }
    std::string host = "metadata.google.internal";
    std::string variable;
    for (const char* const name : {"GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"}) {
        if (auto set = env(name)) {
            host = std::move(*set);
            variable = name;
            break;
        }
    }
    // The service has no https; it is reached over the machine's own network.
    auto place = config::parse_url("http://" + host);
    if (!place) {
        throw std::invalid_argument(variable + " must be host[:port]");
    }
    return std::make_unique<metadata_source>(std::move(*place), std::move(clock));
}

} // namespace sluice::identity
