#include <sluice/base/base64.hpp>
#include <sluice/base/text.hpp>
#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/identity/service_error.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <utility>

namespace sluice::identity {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view service = "Azure user delegation key";

/// Parses a copy of the response in place, so that all its texts are in that copy, which is wiped.
class document {
public:
    explicit document(std::string_view text)
        : text_(std::string(text))
        , good_(parsed_.load_buffer_inplace(text_.text.data(), text_.text.size(), pugi::parse_default,
                                            pugi::encoding_utf8)) {}

    /// The text of the element `name` below `root`; "" where there is none.
    [[nodiscard]] std::string_view text_of(const char* root, const char* name) const {
        return good_ ? trimmed(parsed_.child(root).child_value(name)) : std::string_view();
    }

private:
    wiped_text text_;
    pugi::xml_document parsed_;
    bool good_;
};

/// "2026-01-15T12:00:00.1234567Z" without the fraction; "" for anything but a time in UTC.
std::string whole_seconds(std::string_view text) {
    if (!text.ends_with('Z') || !parse_rfc3339(text)) {
        return {};
    }
    const auto end = std::min(text.find('.'), text.size() - 1);
    return std::string(text.substr(0, end)) + "Z";
}

error status_error(const http_response& response, const request_secrets& sent) {
    std::string message = "answered " + std::to_string(response.status);
    const document xml(response.body.reveal());
    const auto code = xml.text_of("Error", "Code");
    for (const auto text : {code.empty() ? response.field("x-ms-error-code") : code, xml.text_of("Error", "Message")}) {
        if (!text.empty()) {
            message += ": " + sanitize_message(text, sent);
        }
    }
    if (response.status == 403) {
        message += " (it takes the role Storage Blob Delegator)";
    }
    return no_credentials(service, message, retryable_status(response.status));
}

} // namespace

result<user_delegation_key> read_delegation_key(const http_response& response, time_point now,
                                                const request_secrets& sent) {
    if (response.status != 200) {
        return status_error(response, sent);
    }
    const document xml(response.body.reveal());
    const auto text_of = [&xml](const char* name) { return xml.text_of("UserDelegationKey", name); };
    user_delegation_key key;
    key.oid = text_of("SignedOid");
    key.tid = text_of("SignedTid");
    key.start = whole_seconds(text_of("SignedStart"));
    key.expiry = whole_seconds(text_of("SignedExpiry"));
    key.service = text_of("SignedService");
    key.version = text_of("SignedVersion");
    key.value = secret(text_of("Value"));
    for (const std::string* text : {&key.oid, &key.tid, &key.start, &key.expiry, &key.service, &key.version}) {
        if (!is_printable_ascii(*text)) {
            return no_credentials(service, "the response has no valid UserDelegationKey", retryable::yes);
        }
    }
    if (!is_base64(key.value.reveal())) {
        return no_credentials(service, "the response has no valid UserDelegationKey", retryable::yes);
    }
    key.expires = parse_rfc3339(key.expiry);
    if (!key.expires || *key.expires <= now) {
        return no_credentials(service, "the key has expired already: check the clock of this machine", retryable::yes);
    }
    key.expires = expiry_at(now, *key.expires);
    key.refresh_at = now + (*key.expires - now) / 2;
    return key;
}

azure_delegation_key_source::azure_delegation_key_source(azure_blob_service service,
                                                         std::shared_ptr<const provider<bearer_token>> tokens,
                                                         wall_clock clock)
    : service_(std::move(service))
    , tokens_(std::move(tokens))
    , clock_(std::move(clock)) {}

std::shared_ptr<const bearer_token> azure_delegation_key_source::usable_token() const {
    auto token = tokens_->current();
    return token && (!token->expires || *token->expires > clock_()) ? token : nullptr;
}

awaitable<result<user_delegation_key>> azure_delegation_key_source::fetch(http_client& client) {
    // Just after the start the token may still be under way.
    const auto ex = co_await asio::this_coro::executor;
    const auto deadline = steady_clock::now() + service_.timeout;
    auto token = usable_token();
    while (!token && steady_clock::now() < deadline) {
        steady_timer pause(ex, 100ms);
        auto [ec] = co_await pause.async_wait(use_tuple);
        static_cast<void>(ec);
        token = usable_token();
    }
    if (!token) {
        co_return no_credentials(service, "there is no access token yet to request it with", retryable::yes);
    }
    const auto now = clock_();
    http_request request;
    request.method = "POST";
    request.server = service_.endpoint;
    request.target = service_.endpoint.path + "/?restype=service&comp=userdelegationkey";
    request.fields.emplace_back("Authorization", bearer_field(token->token));
    request.fields.emplace_back("x-ms-version", secret(azure_api_version));
    request.fields.emplace_back("Content-Type", secret("application/xml"));
    request.body = secret("<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>" + format_rfc3339(now - 15min) +
                          "</Start><Expiry>" + format_rfc3339(now + 24h) + "</Expiry></KeyInfo>");
    request.timeout = service_.timeout;
    request.ca_file = service_.ca_file;
    const auto response = co_await client.send(request);
    if (!response) {
        const error& e = response.error();
        co_return no_response(service, e, e.retryable ? retryable::yes : retryable::no);
    }
    co_return read_delegation_key(*response, clock_(), {token->token.reveal()});
}

} // namespace sluice::identity
