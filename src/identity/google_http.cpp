#include <sluice/config/address.hpp>
#include <sluice/identity/google_http.hpp>

#include <boost/json/memory_resource.hpp>
#include <boost/json/parse.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <stdexcept>

namespace sluice::identity {

namespace {

/// Memory that is wiped when it is given back.
class wiping_memory final : public boost::json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t align) override {
        return ::operator new(size, std::align_val_t(align));
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t align) override {
        OPENSSL_cleanse(memory, size);
        ::operator delete(memory, std::align_val_t(align));
    }
    bool do_is_equal(const boost::json::memory_resource& other) const noexcept override { return this == &other; }
};

boost::json::value parse(std::string_view text) {
    boost::json::error_code ec;
    auto storage = boost::json::make_shared_resource<wiping_memory>();
    auto value = boost::json::parse({text.data(), text.size()}, ec, std::move(storage));
    return ec ? boost::json::value() : value;
}

/// The service's own words, made fit for one line, without those that repeat what was `sent`; "" where it says none.
std::string words_of(const reply& answer, std::initializer_list<std::string_view> sent) {
    const secret_json json(answer.body.reveal());
    if (json.object() == nullptr) {
        return {};
    }
    // RFC 6749 §5.2: {"error", "error_description"}; google.rpc.Status: {"error": {"code", "message", "status"}}.
    std::string_view code = json.text("error");
    std::string_view message = json.text("error_description");
    if (const auto* const error = json.object()->if_contains("error"); error != nullptr && error->is_object()) {
        code = secret_json::text(error->get_object(), "status");
        message = secret_json::text(error->get_object(), "message");
    }
    const auto repeats = [&](std::string_view text) {
        return std::ranges::any_of(
            sent, [&](std::string_view one) { return !one.empty() && text.find(one) != std::string_view::npos; });
    };
    code = repeats(code) ? "" : code;
    message = repeats(message) ? "" : message;
    std::string words(code);
    words += !code.empty() && !message.empty() ? ": " : "";
    words += message;
    words.resize(std::min<std::size_t>(words.size(), 400));
    std::ranges::replace_if(
        words, [](char c) { return c < ' ' || c > '~'; }, ' ');
    return words;
}

bool is_passing(unsigned status) {
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

std::optional<std::int64_t> seconds_of(const boost::json::object& in, std::string_view name) {
    const auto* const value = in.if_contains({name.data(), name.size()});
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const auto* const text = value->if_string()) {
        std::int64_t number = 0;
        const auto [end, ec] = std::from_chars(text->begin(), text->end(), number);
        return ec == std::errc() && end == text->end() ? std::optional(number) : std::nullopt;
    }
    boost::json::error_code ec;
    const auto number = value->to_number<std::int64_t>(ec); // 3599.0 too
    return ec ? std::nullopt : std::optional(number);
}

} // namespace

service_url parse_google_url(std::string_view text, std::string_view what, plain_http where) {
    auto url = parse_service_url(text);
    if (!url) {
        throw std::invalid_argument(std::string(what) + ": " + url.error().detail);
    }
    if (!url->place.tls && where == plain_http::to_this_machine && !config::is_loopback(url->place)) {
        throw std::invalid_argument(std::string(what) + " must be an https URL: secrets are sent there");
    }
    return std::move(*url);
}

secret_json::secret_json(std::string_view text)
    : value_(parse(text)) {}

std::string_view secret_json::text(std::string_view name) const noexcept {
    return object() == nullptr ? std::string_view() : text(*object(), name);
}

std::string_view secret_json::text(const boost::json::object& in, std::string_view name) noexcept {
    const auto* const value = in.if_contains({name.data(), name.size()});
    const auto* const found = value == nullptr ? nullptr : value->if_string();
    return found == nullptr ? std::string_view() : std::string_view(found->data(), found->size());
}

call post_to(const service_url& to, std::string_view content_type, secret body) {
    call out;
    out.method = "POST";
    out.place = to.place;
    out.target = to.target;
    out.fields.emplace_back("Content-Type", secret(content_type));
    out.body = std::move(body);
    return out;
}

bool fit_for_field(std::string_view token) noexcept {
    return !token.empty() && token.size() <= 16384 &&
           std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; });
}

secret bearer_field(const secret& token) {
    std::string text;
    text.reserve(7 + token.reveal().size());
    text += "Bearer ";
    text += token.reveal();
    secret field(text);
    OPENSSL_cleanse(text.data(), text.size());
    return field;
}

error google_nonsense(std::string_view service, std::string_view what) {
    return {errc::no_credentials, error_source::origin, true, std::string(service) + ": " + std::string(what)};
}

error google_refusal(std::string_view service, const result<reply>& answer,
                     std::initializer_list<std::string_view> sent) {
    error out{errc::no_credentials, error_source::origin, true, std::string(service) + ": "};
    if (!answer) {
        out.detail += to_string(answer.error().code);
        out.detail += answer.error().detail.empty() ? "" : " (" + answer.error().detail + ")";
        return out;
    }
    out.retryable = is_passing(answer->status);
    out.detail += "status " + std::to_string(answer->status);
    const std::string words = words_of(*answer, sent);
    out.detail += words.empty() ? "" : ", " + words;
    return out;
}

result<bearer_token> read_token(std::string_view service, const result<reply>& answer, time_point now,
                                std::initializer_list<std::string_view> sent) {
    if (!answer || answer->status != 200) {
        return google_refusal(service, answer, sent);
    }
    const secret_json json(answer->body.reveal());
    const std::string_view token = json.text("access_token");
    if (json.object() == nullptr || !fit_for_field(token)) {
        return google_nonsense(service, "the answer holds no access token");
    }
    const auto seconds = seconds_of(*json.object(), "expires_in");
    // Google's tokens live an hour, by an organisation's policy twelve; a year is nobody's.
    if (!seconds || *seconds < 1 || *seconds > 31536000) {
        return google_nonsense(service, "the answer does not say how long the token lives");
    }
    return bearer_token{secret(token), now + std::chrono::seconds(*seconds), {}};
}

} // namespace sluice::identity
