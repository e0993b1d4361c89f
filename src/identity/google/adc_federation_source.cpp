#include <sluice/base/secret_json.hpp>
#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/identity/google/sources.hpp>

#include "adc_sources.hpp"

#include <utility>

namespace sluice::identity::adc {

namespace {

constexpr std::string_view sts = "Google's Security Token Service";

class external_account_source final : public source<bearer_token> {
public:
    external_account_source(google_external_account who, wall_clock clock)
        : who_(std::move(who))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(http_client& client) override {
        result<secret> subject = secret();
        if (who_.subject.file.empty()) {
            http_request request = get_from(who_.subject.url);
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
        const http_request request =
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
    [[nodiscard]] result<secret> subject_of(const result<http_response>& response) const {
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

} // namespace

std::unique_ptr<source<bearer_token>> federation_source(google_external_account who, wall_clock clock) {
    return std::make_unique<external_account_source>(std::move(who), std::move(clock));
}

} // namespace sluice::identity::adc
