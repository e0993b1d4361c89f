#include <sluice/base/secret_json.hpp>
#include <sluice/http/date.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/identity/google/sources.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace sluice::identity {

namespace {

constexpr std::string_view token_service = "Google's token endpoint";
constexpr std::string_view sts = "Google's Security Token Service";
constexpr std::string_view iam = "IAM Credentials generateAccessToken";

class service_account_source final : public source<bearer_token> {
public:
    service_account_source(google_service_account who, wall_clock clock)
        : who_(std::move(who))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(caller& client) override {
        const auto now = clock_();
        const secret assertion =
            google_assertion(*who_.key, who_.key_id, who_.email, google_cloud_scope, who_.token_text, now);
        if (assertion.empty()) {
            co_return error{errc::no_credentials, error_source::internal, false,
                            "Google service account key: OpenSSL cannot sign with the RSA key"};
        }
        const call request = post_form(who_.token, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
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

    awaitable<result<bearer_token>> fetch(caller& client) override {
        const auto now = clock_();
        const call request = post_form(who_.token, {{"grant_type", "refresh_token"},
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

class external_account_source final : public source<bearer_token> {
public:
    external_account_source(google_external_account who, wall_clock clock)
        : who_(std::move(who))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(caller& client) override {
        result<secret> subject = secret();
        if (who_.subject.file.empty()) {
            call request = get_from(who_.subject.url);
            request.fields = who_.subject.fields;
            const auto response = co_await client.send(request);
            subject = subject_of(response);
        } else {
            // Read each time, since a cluster rotates it.
            const auto text = read_credential_file(who_.subject.file);
            subject = text ? token_in(*text) : text.error();
        }
        if (!subject) {
            co_return subject.error();
        }
        const auto now = clock_();
        const call request =
            post_form(who_.token, {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                                   {"audience", who_.audience},
                                   {"scope", google_cloud_scope},
                                   {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                                   {"subject_token", subject->reveal()},
                                   {"subject_token_type", who_.subject_token_type}});
        const auto response = co_await client.send(request);
        co_return read_token(sts, response, now, {subject->reveal()});
    }

    [[nodiscard]] std::string name() const override { return "Google workload identity federation"; }

private:
    [[nodiscard]] result<secret> subject_of(const result<reply>& response) const {
        if (response && response->status == 200) {
            return token_in(response->body);
        }
        request_secrets sent;
        for (const auto& [name, value] : who_.subject.fields) {
            // Not `True` of `Metadata: True`: a message that happens to contain it would be withheld.
            if (!http::same_name(name, "Metadata") && !http::same_name(name, "Metadata-Flavor")) {
                sent.push_back(value.reveal());
            }
        }
        return google_error("the subject token's URL", response, sent);
    }

    [[nodiscard]] result<secret> token_in(const secret& text) const {
        const secret_json json(who_.subject.member.empty() ? std::string_view() : text.reveal());
        const auto token = trimmed(who_.subject.member.empty() ? text.reveal() : json.text(who_.subject.member));
        if (!is_printable_ascii(token)) {
            return invalid_google_response(
                name(), who_.subject.member.empty() ? "the subject token " + std::string(not_printable)
                                                    : "\"" + who_.subject.member +
                                                          "\" (subject_token_field_name) is missing in the JSON with "
                                                          "the subject token");
        }
        return secret(token);
    }

    const google_external_account who_;
    const wall_clock clock_;
};

/// Acts as a service account by means of another identity.
class impersonation_source final : public source<bearer_token> {
public:
    impersonation_source(std::unique_ptr<source<bearer_token>> inner, google_impersonation as, wall_clock clock)
        : inner_(std::move(inner))
        , as_(std::move(as))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(caller& client) override {
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
        call request = post_to(as_.url, "application/json", secret(boost::json::serialize(body)));
        request.fields.emplace_back("Authorization", bearer_field(own->token));
        const auto response = co_await client.send(request);
        co_return read(response, own->token);
    }

    [[nodiscard]] std::string name() const override { return inner_->name() + " as " + as_.email; }

private:
    // {"accessToken", "expireTime": RFC 3339}. The expiry is by the clock of the service, so its Date counts as "now"
    // where it sends one. No token is taken to live longer than was asked for.
    [[nodiscard]] result<bearer_token> read(const result<reply>& response, const secret& sent) const {
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

std::unique_ptr<source<bearer_token>> adc_file_source(adc_file file, wall_clock clock) {
    std::unique_ptr<source<bearer_token>> own;
    if (auto* const account = std::get_if<google_service_account>(&file.who)) {
        own = std::make_unique<service_account_source>(std::move(*account), clock);
    } else if (auto* const user = std::get_if<google_authorized_user>(&file.who)) {
        own = std::make_unique<authorized_user_source>(std::move(*user), clock);
    } else {
        own = std::make_unique<external_account_source>(std::get<google_external_account>(std::move(file.who)), clock);
    }
    if (!file.as) {
        return own;
    }
    return std::make_unique<impersonation_source>(std::move(own), std::move(*file.as), std::move(clock));
}

} // namespace sluice::identity
