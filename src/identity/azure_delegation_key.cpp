#include <sluice/identity/azure_delegation_key.hpp>
#include <sluice/identity/azure_token.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/identity/small_file.hpp>

#include <openssl/crypto.h>
#include <pugixml.hpp>

#include <algorithm>
#include <random>
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
        : text_(text)
        , good_(parsed_.load_buffer_inplace(text_.data(), text_.size(), pugi::parse_default, pugi::encoding_utf8)) {}
    document(const document&) = delete;
    document& operator=(const document&) = delete;
    ~document() { OPENSSL_cleanse(text_.data(), text_.size()); }

    /// The text of an element of the root `name`; "" where there is none.
    [[nodiscard]] std::string_view text_of(const char* root, const char* name) const {
        return good_ ? trimmed(parsed_.child(root).child_value(name)) : std::string_view();
    }

private:
    std::string text_;
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

error refusal(const reply& answer) {
    std::string said = "answered " + std::to_string(answer.status);
    const document xml(answer.body.reveal());
    const auto code = xml.text_of("Error", "Code");
    for (const auto text : {code.empty() ? answer.field("x-ms-error-code") : code, xml.text_of("Error", "Message")}) {
        if (!text.empty()) {
            said += ": " + azure_message(text, "");
        }
    }
    const bool may_pass = answer.status == 408 || answer.status == 429 || answer.status >= 500;
    if (answer.status == 403) {
        said += " (it takes the role Storage Blob Delegator)";
    }
    return no_key(said, may_pass);
}

double random_fraction() {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(engine);
}

} // namespace

result<user_delegation_key> read_delegation_key(const reply& answer, time_point now) {
    if (answer.status != 200) {
        return refusal(answer);
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
    return key;
}

azure_delegation_key_source::azure_delegation_key_source(azure_blob_service service,
                                                         std::shared_ptr<const provider<bearer_token>> tokens,
                                                         wall_clock clock)
    : service_(std::move(service))
    , tokens_(std::move(tokens))
    , clock_(std::move(clock)) {}

awaitable<result<user_delegation_key>> azure_delegation_key_source::fetch(caller& by) {
    const auto now = clock_();
    const auto token = tokens_->current();
    if (!token || (token->expires && *token->expires <= now)) {
        co_return no_key("there is no token to ask with", true);
    }
    call what;
    what.method = "POST";
    what.place = service_.endpoint;
    what.target = service_.endpoint.path + "/?restype=service&comp=userdelegationkey";
    what.fields.emplace_back("Authorization", azure_bearer_field(token->token));
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
    co_return read_delegation_key(*answer, clock_());
}

azure_delegation_keys::azure_delegation_keys(std::unique_ptr<source<user_delegation_key>> from, wall_clock clock)
    : source_(std::move(from))
    , clock_(std::move(clock))
    , flight_(outcome(error{errc::canceled, error_source::internal, true, "nobody waited for the key"})) {}

user_delegation_key_ptr azure_delegation_keys::usable(time_point now) const {
    const std::lock_guard lock(mutex_);
    return newest_ && *newest_->expires > now ? newest_ : nullptr;
}

std::optional<azure_delegation_keys::outcome> azure_delegation_keys::known(time_point now) const {
    const auto key = usable(now);
    const std::lock_guard lock(mutex_);
    // A clock that was set back must not keep anybody from asking.
    const bool waiting = failed_ && now < next_try_ && now >= failed_at_;
    if (key && (waiting || now < due_)) {
        return outcome(key);
    }
    return waiting ? std::optional<outcome>(*failed_) : std::nullopt;
}

azure_delegation_keys::outcome azure_delegation_keys::settle(result<user_delegation_key> fetched, time_point now) {
    const std::lock_guard lock(mutex_);
    if (fetched) {
        newest_ = std::make_shared<const user_delegation_key>(*std::move(fetched));
        due_ = now + (*newest_->expires - now) / 2;
        failed_.reset();
        failures_ = 0;
        return newest_;
    }
    const bool good = newest_ && *newest_->expires > now;
    failed_ = fetched.error();
    failed_at_ = now;
    next_try_ =
        now + renewal_plan::after_failure(++failures_, now, good ? newest_->expires : std::nullopt, random_fraction());
    return good ? outcome(newest_) : outcome(*failed_);
}

awaitable<result<user_delegation_key_ptr>> azure_delegation_keys::get(caller& by) {
    const auto ex = co_await asio::this_coro::executor;
    for (;;) {
        const auto now = clock_();
        if (auto there = known(now)) {
            co_return *there;
        }
        auto ticket = flight_.enter("");
        if (ticket.leads()) {
            auto there = known(clock_()); // since it was asked, somebody may have landed
            if (!there) {
                auto fetched = co_await source_->fetch(by);
                there.emplace(settle(std::move(fetched), clock_()));
            }
            ticket.land(*there);
            co_return *there;
        }
        if (auto old = usable(now)) {
            co_return old; // somebody else renews it
        }
        auto got = co_await ticket.wait(ex);
        if (got || got.error().code != errc::canceled) {
            co_return got;
        }
        // Its leader was cancelled: whoever comes first leads anew.
    }
}

} // namespace sluice::identity
