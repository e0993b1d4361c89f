#include "attempt.hpp"

#include <sluice/http/fields.hpp>
#include <sluice/origin/error_code.hpp>
#include <sluice/origin/retry_rules.hpp>
#include <sluice/origin/version.hpp>

#include <algorithm>

namespace sluice::origin::detail {

namespace {

/// Writes a request to a store from scratch: it has none of the client's fields. False where a value cannot stand in a
/// field.
bool write_request(wiped_text& out, const sign::signed_request& to, const fetch_request& r, const capabilities& can) {
    std::size_t size = to.target.size() + to.authority.size() + r.match.size() + r.none_match.size() + 512;
    for (const auto& [name, value] : to.fields) {
        size += name.size() + value.reveal().size() + 4;
    }
    out.reserve(size);
    std::string& text = out.text;
    text += r.method == sign::method::head ? "HEAD " : "GET ";
    text += to.target;
    text += " HTTP/1.1\r\nHost: ";
    text += to.authority;
    text += "\r\nUser-Agent: sluice/" SLUICE_VERSION "\r\nAccept-Encoding: identity\r\n";
    bool valid = true;
    if (r.range) {
        valid = http::append_field(text, "Range", http::format_range(*r.range)) && valid;
    }
    if (!r.match.empty()) {
        valid = append_match(text, r.match, can, to.only_signed_extensions) && valid;
    }
    if (!r.none_match.empty()) {
        valid = append_none_match(text, r.none_match, can) && valid;
    }
    for (const auto& [name, value] : to.fields) {
        valid = http::append_field(text, name, value.reveal()) && valid;
    }
    text += "\r\n";
    return valid;
}

constexpr std::string_view response_setting = "the store's response_timeout";

/// Adds to the detail of a failure what the store said of it: the status, and its own word for it.
void add_answer(error& failure, net::client_response& answer) {
    const auto status = std::to_string(answer.head().status);
    const auto body = answer.try_read_body(); // what came with the head
    const auto code = error_code_of(answer.head(), body ? *body : std::string_view());
    std::string said = "status " + status;
    if (!code.empty()) {
        said.append(", ").append(code);
    }
    const bool says_more = !failure.detail.empty() && failure.detail != status;
    failure.detail = says_more ? failure.detail + " (" + said + ")" : said;
}

/// The time that an attempt has.
struct attempt_clock {
    explicit attempt_clock(steady_clock::time_point give_up)
        : left(std::chrono::duration_cast<std::chrono::milliseconds>(give_up - began)) {}

    /// `d`, or what is left where that is less.
    [[nodiscard]] std::chrono::milliseconds at_most(std::chrono::milliseconds d) const {
        return std::clamp(left, std::chrono::milliseconds(1), d);
    }

    steady_clock::time_point began{steady_clock::now()};
    std::chrono::milliseconds left;
};

/// An attempt without an answer.
attempt without_answer(const store& s, const attempt_clock& clock, error e) {
    attempt a;
    a.sent = true;
    const attempt_time time{clock.left, steady_clock::now() - clock.began, s.settings().response_timeout};
    a.hurried = e.code == errc::timeout && was_hurried(time, s.fetch_timeout());
    a.failure = std::move(e);
    a.failure.source = error_source::origin;
    return a;
}

} // namespace

awaitable<result<void>> sign_message(store& s, const fetch_request& r, signed_message& out) {
    const auto began = steady_clock::now();
    auto signed_one = co_await s.signer()->sign(r.key, r.method);
    s.counters().sign->at(signed_one ? "ok" : to_string(signed_one.error().code)).Increment();
    if (!signed_one) {
        co_return signed_one.error();
    }
    const auto& to = signed_one.value();
    s.counters().sign_seconds->Observe(std::chrono::duration<double>(steady_clock::now() - began).count());
    if (!write_request(out.text, to, r, s.capabilities())) {
        co_return error{errc::sign_failed, error_source::internal, false, "a field of the request is not valid"};
    }
    out.tls = to.tls;
    out.host = to.host;
    out.port = to.port;
    co_return result<void>();
}

awaitable<attempt> send_message(net::connection_pool& pool, store& s, const fetch_request& r,
                                const signed_message& message, net::request_canceler* canceler) {
    const attempt_clock clock(r.give_up);
    const auto& settings = s.settings();
    net::send_options options;
    options.response_timeout = clock.at_most(settings.response_timeout);
    options.response_setting =
        clock.left < settings.response_timeout ? "what was left of fallback.after" : response_setting;
    options.head_request = r.method == sign::method::head;
    options.canceler = canceler;
    const net::peer where{message.tls, message.host, message.port, settings.ca_file,
                          clock.at_most(settings.connect_timeout)};
    auto sent = co_await net::send(pool, where, message.text.text, options);
    const bool is_canceled = canceler != nullptr && canceler->canceled();
    if (!sent) {
        s.counters().requests->at(is_canceled ? "canceled" : "error").Increment();
        co_return without_answer(s, clock, sent.error());
    }
    while (sent.value().head().status < 200) { // interim responses (RFC 9110 §15.2) are of no use here
        auto next = co_await sent.value().read_head();
        if (!next) {
            co_return without_answer(s, clock, next.error());
        }
    }
    sent.value().release_canceler();
    const auto& head = sent.value().head();
    s.counters().requests->at(std::to_string(head.status)).Increment();
    attempt a;
    a.sent = true;
    a.answered = true;
    a.first_byte = steady_clock::now() - clock.began;
    s.counters().first_byte->Observe(std::chrono::duration<double>(a.first_byte).count());
    a.refused = head.status == 400 || head.status == 401 || head.status == 403;
    auto checked = validate_response(head, r, s.capabilities());
    if (!checked) {
        a.failure = checked.error();
        a.retry_after = retry_after(head, std::chrono::system_clock::now());
        add_answer(a.failure, sent.value());
        sent.value().finish();
        co_return a;
    }
    sent.value().set_timeout(settings.response_timeout, response_setting);
    a.answer.emplace(std::move(checked.value()), std::move(sent.value()), s.counters().bytes);
    co_return a;
}

} // namespace sluice::origin::detail
