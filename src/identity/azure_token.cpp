#include <sluice/config/text.hpp>
#include <sluice/identity/azure_token.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/identity/small_file.hpp>

#include <boost/json.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sluice::identity {

namespace {

namespace json = boost::json;

// The values of an answer, wiped when they go.
class wiping_memory final : public json::memory_resource {
    void* do_allocate(std::size_t n, std::size_t align) override { return ::operator new(n, std::align_val_t(align)); }
    void do_deallocate(void* p, std::size_t n, std::size_t align) override {
        OPENSSL_cleanse(p, n);
        ::operator delete(p, std::align_val_t(align));
    }
    [[nodiscard]] bool do_is_equal(const json::memory_resource& other) const noexcept override {
        return this == &other;
    }
};

std::string_view text_of(const json::object& in, std::string_view name) {
    const json::value* const value = in.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

// Some services write numbers as texts. Seconds; anything else is none.
std::optional<std::chrono::seconds> seconds_of(const json::object& in, std::string_view name) {
    const json::value* const value = in.if_contains(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::int64_t number = -1;
    if (value->is_string()) {
        const std::string_view digits = value->get_string();
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (ec != std::errc() || end != digits.data() + digits.size()) {
            return std::nullopt;
        }
    } else if (value->is_int64()) {
        number = value->get_int64();
    } else if (value->is_double() && value->get_double() >= 0 && value->get_double() < 1e10) {
        number = static_cast<std::int64_t>(value->get_double());
    }
    constexpr std::int64_t most = 9'000'000'000; // the year 2255: within what the clock holds
    return number < 0 || number > most ? std::nullopt : std::optional(std::chrono::seconds(number));
}

std::optional<time_point> expiry_of(const json::object& in, time_point now) {
    if (const auto left = seconds_of(in, "expires_in")) {
        constexpr std::chrono::seconds year{366L * 24 * 3600}; // a sum must stay within the clock's range
        return now + std::min(*left, year);
    }
    if (const auto at = seconds_of(in, "expires_on")) {
        return time_point(*at);
    }
    return parse_rfc3339(text_of(in, "expires_on"));
}

error no_token(std::string_view who, std::string_view why, bool retryable) {
    return {errc::no_credentials, error_source::origin, retryable, std::string(who) + ": " + std::string(why)};
}

bool may_pass(unsigned status) {
    return status == 404 || status == 408 || status == 410 || status == 429 || status >= 500;
}

error refusal(const reply& answer, const json::value& body, std::string_view who, std::string_view sent) {
    std::string said = "answered " + std::to_string(answer.status);
    if (const auto* const object = body.if_object()) {
        for (const std::string_view name : {"error", "error_description"}) {
            if (const auto text = text_of(*object, name); !text.empty()) {
                said += ": " + azure_message(text, sent);
            }
        }
    }
    return no_token(who, said, may_pass(answer.status));
}

} // namespace

secret azure_bearer_field(const secret& token) {
    std::string text = "Bearer ";
    text.reserve(text.size() + token.reveal().size()); // so that nothing is left behind by growing
    text += token.reveal();
    secret field(text);
    OPENSSL_cleanse(text.data(), text.size());
    return field;
}

std::string azure_message(std::string_view text, std::string_view sent) {
    constexpr std::size_t longest = 300;
    if (!sent.empty() && text.find(sent) != std::string_view::npos) {
        return "(a message that repeats what it was sent)";
    }
    std::string out(text.substr(0, std::min(text.find_first_of("\r\n"), longest)));
    std::ranges::replace_if(
        out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return out;
}

result<azure_token> read_azure_token(const reply& answer, std::string_view who, time_point now, std::string_view sent) {
    wiping_memory memory; // outlives the values
    boost::system::error_code ec;
    const json::value body = json::parse(answer.body.reveal(), ec, &memory);
    if (answer.status != 200) {
        return refusal(answer, ec ? json::value() : body, who, sent);
    }
    const auto* const object = ec ? nullptr : body.if_object();
    if (object == nullptr) {
        return no_token(who, "the answer is not a JSON object", true);
    }
    const std::string_view token = text_of(*object, "access_token");
    if (!is_plain_text(token) || token.find(' ') != std::string_view::npos) {
        return no_token(who, "the answer holds no access token", true);
    }
    if (const auto type = text_of(*object, "token_type"); !type.empty() && config::to_lower(type) != "bearer") {
        return no_token(who, "the token is not a bearer token", false);
    }
    const auto expires = expiry_of(*object, now);
    if (!expires) {
        return no_token(who, "the answer does not say when the token expires", true);
    }
    if (*expires <= now) {
        return no_token(who, "the token has expired already", true);
    }
    azure_token made{secret(token), *expires, std::nullopt, std::string(text_of(*object, "client_id"))};
    if (!is_plain_text(made.client_id)) {
        made.client_id.clear();
    }
    if (const auto asked = seconds_of(*object, "refresh_in")) {
        // A service that gives a kept token again may name a moment that is all but here.
        const auto early = std::max<std::chrono::seconds>(*asked, std::chrono::minutes(5));
        if (early < made.expires - now) {
            made.renew_at = now + early;
        }
    }
    return made;
}

result<bearer_token> azure_token_keeper::settle(result<azure_token> fetched, time_point now) {
    using namespace std::chrono_literals;
    if (fetched) {
        held_.reset();
        bearer_token given{fetched->token, fetched->expires, fetched->client_id};
        if (fetched->renew_at) {
            // renewal_plan asks 4 to 18 minutes before the end, and at the half of lives below 10 minutes: with this
            // end never after `renew_at`.
            said_ = std::min(fetched->expires, *fetched->renew_at + 4min);
            given.expires = said_;
            held_ = std::move(*fetched);
        }
        return given;
    }
    // Tries are at most 72 s apart: one of them comes this late.
    if (!held_ || now < said_ - 90s || held_->expires <= now) {
        return fetched.error();
    }
    said_ = std::min(held_->expires, std::max(said_, now) + 10min);
    return bearer_token{held_->token, said_, held_->client_id};
}

azure_token_source::azure_token_source(wall_clock clock, std::string client_id)
    : clock_(std::move(clock))
    , client_id_(std::move(client_id)) {}

awaitable<result<bearer_token>> azure_token_source::fetch(caller& by) {
    const auto prepared = prepare();
    if (!prepared) {
        co_return keeper_.settle(prepared.error(), clock_());
    }
    const auto answer = co_await by.send(prepared->what);
    const auto now = clock_();
    if (!answer) {
        const error& e = answer.error();
        const std::string why = e.detail.empty() ? std::string(to_string(e.code)) : e.detail;
        co_return keeper_.settle(no_token(name(), why, e.retryable), now);
    }
    auto settled = keeper_.settle(read_azure_token(*answer, name(), now, prepared->sent.reveal()), now);
    if (settled && settled->subject.empty()) {
        settled->subject = client_id_;
    }
    co_return settled;
}

} // namespace sluice::identity
