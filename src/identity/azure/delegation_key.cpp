#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/expiry.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <utility>

namespace sluice::identity {

namespace {

using namespace std::chrono_literals;

error no_key(std::string_view why, bool retryable) {
    return {errc::no_credentials, error_source::origin, retryable, "Azure user delegation key: " + std::string(why)};
}

// A document over a copy of the answer, which holds all its texts and is wiped with it.
class document {
public:
    explicit document(std::string_view text)
        : text_(std::string(text))
        , good_(parsed_.load_buffer_inplace(text_.text.data(), text_.text.size(), pugi::parse_default,
                                            pugi::encoding_utf8)) {}

    /// The text of an element of the root `name`; "" where there is none.
    [[nodiscard]] std::string_view text_of(const char* root, const char* name) const {
        return good_ ? trimmed(parsed_.child(root).child_value(name)) : std::string_view();
    }

private:
    wiped_text text_;
    pugi::xml_document parsed_;
    bool good_;
};

// "2026-01-15T12:00:00.1234567Z" without the fraction; "" where it is no time in UTC.
std::string whole_seconds(std::string_view text) {
    if (!text.ends_with('Z') || !parse_rfc3339(text)) {
        return {};
    }
    const auto end = std::min(text.find('.'), text.size() - 1);
    return std::string(text.substr(0, end)) + "Z";
}

bool looks_like_base64(std::string_view text) {
    const std::string_view digits = text.substr(0, text.find('='));
    return !digits.empty() && text.size() % 4 == 0 && text.size() - digits.size() <= 2 &&
           text.find_first_not_of('=', digits.size()) == std::string_view::npos &&
           std::ranges::all_of(digits, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                      c == '/';
           });
}

error refusal(const reply& answer, const secrets_sent& sent) {
    std::string said = "answered " + std::to_string(answer.status);
    const document xml(answer.body.reveal());
    const auto code = xml.text_of("Error", "Code");
    for (const auto text : {code.empty() ? answer.field("x-ms-error-code") : code, xml.text_of("Error", "Message")}) {
        if (!text.empty()) {
            said += ": " + told(text, sent);
        }
    }
    const bool may_pass = answer.status == 408 || answer.status == 429 || answer.status >= 500;
    if (answer.status == 403) {
        said += " (it takes the role Storage Blob Delegator)";
    }
    return no_key(said, may_pass);
}

} // namespace

result<user_delegation_key> read_delegation_key(const reply& answer, time_point now, const secrets_sent& sent) {
    if (answer.status != 200) {
        return refusal(answer, sent);
    }
    const document xml(answer.body.reveal());
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
        if (!is_plain_text(*text)) {
            return no_key("the answer is no key", true);
        }
    }
    if (!looks_like_base64(key.value.reveal())) {
        return no_key("the answer is no key", true);
    }
    key.expires = parse_rfc3339(key.expiry);
    if (!key.expires || *key.expires <= now) {
        return no_key("the key has expired already", true);
    }
    key.expires = expiry_at(now, *key.expires);
    key.renew_at = now + (*key.expires - now) / 2;
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

awaitable<result<user_delegation_key>> azure_delegation_key_source::fetch(caller& by) {
    // Just after the start the token is on its way, and whoever wants a URL waits.
    const auto ex = co_await asio::this_coro::executor;
    const auto give_up = steady_clock::now() + service_.timeout;
    auto token = usable_token();
    while (!token && steady_clock::now() < give_up) {
        steady_timer pause(ex, 100ms);
        auto [ec] = co_await pause.async_wait(use_tuple);
        static_cast<void>(ec);
        token = usable_token();
    }
    if (!token) {
        co_return no_key("there is no token to ask with", true);
    }
    const auto now = clock_();
    call what;
    what.method = "POST";
    what.place = service_.endpoint;
    what.target = service_.endpoint.path + "/?restype=service&comp=userdelegationkey";
    what.fields.emplace_back("Authorization", bearer_field(token->token));
    what.fields.emplace_back("x-ms-version", secret(azure_api_version));
    what.fields.emplace_back("Content-Type", secret("application/xml"));
    what.body = secret("<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>" + format_rfc3339(now - 15min) +
                       "</Start><Expiry>" + format_rfc3339(now + 24h) + "</Expiry></KeyInfo>");
    what.timeout = service_.timeout;
    what.ca_file = service_.ca_file;
    const auto answer = co_await by.send(what);
    if (!answer) {
        const error& e = answer.error();
        co_return no_key(e.detail.empty() ? to_string(e.code) : e.detail, e.retryable);
    }
    co_return read_delegation_key(*answer, clock_(), {token->token.reveal()});
}

} // namespace sluice::identity
