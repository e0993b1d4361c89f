#include <sluice/base/secret_json.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/azure/token.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace sluice::identity {

namespace {

using namespace std::chrono_literals;

std::optional<time_point> expiry_of(const secret_json& in, time_point now) {
    if (const auto left = in.number("expires_in"); left && *left >= 0) {
        return expiry_after(now, std::chrono::seconds(*left));
    }
    constexpr std::int64_t most = 9'000'000'000; // the year 2255: within what the clock holds
    if (const auto at = in.number("expires_on"); at && *at >= 0) {
        return expiry_at(now, time_point(std::chrono::seconds(std::min(*at, most))));
    }
    const auto at = parse_rfc3339(in.text("expires_on"));
    return at ? std::optional(expiry_at(now, *at)) : std::nullopt;
}

error no_token(std::string_view who, std::string_view why, bool retryable) {
    return {errc::no_credentials, error_source::origin, retryable, std::string(who) + ": " + std::string(why)};
}

bool may_pass(unsigned status) {
    return status == 404 || status == 408 || status == 410 || status == 429 || status >= 500;
}

error refusal(const reply& answer, std::string_view who, const secrets_sent& sent) {
    const secret_json body(answer.body.reveal());
    const auto description = body.text("error_description");
    // App Service says `{"statusCode": …, "message": …}`.
    const auto said = told(body.text("error"), description.empty() ? body.text("message") : description, sent);
    return no_token(who, "answered " + std::to_string(answer.status) + (said.empty() ? "" : ": " + said),
                    may_pass(answer.status));
}

} // namespace

result<bearer_token> read_azure_token(const reply& answer, std::string_view who, time_point now,
                                      const secrets_sent& sent) {
    if (answer.status != 200) {
        return refusal(answer, who, sent);
    }
    const secret_json body(answer.body.reveal());
    if (body.object() == nullptr) {
        return no_token(who, "the answer is not a JSON object", true);
    }
    const std::string_view token = body.text("access_token");
    if (!is_access_token(token)) {
        return no_token(who, "the answer holds no access token", true);
    }
    if (const auto type = body.text("token_type"); !type.empty() && config::to_lower(type) != "bearer") {
        return no_token(who, "the token is not a bearer token", false);
    }
    const auto expires = expiry_of(body, now);
    if (!expires) {
        return no_token(who, "the answer does not say when the token expires", true);
    }
    if (*expires <= now) {
        return no_token(who, "the token has expired already", true);
    }
    bearer_token made{secret(token), *expires, std::string(body.text("client_id"))};
    if (!is_plain_text(made.subject)) {
        made.subject.clear();
    }
    if (const auto asked = body.number("refresh_in"); asked && *asked >= 0) {
        // A service that gives a kept token again may name a moment that is all but here.
        const auto early = expiry_after(now, std::max<std::chrono::seconds>(std::chrono::seconds(*asked), 5min));
        if (early < *expires) {
            made.renew_at = early;
        }
    }
    return made;
}

} // namespace sluice::identity
