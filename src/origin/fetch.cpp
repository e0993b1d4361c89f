#include <sluice/base/secret.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/origin/error_code.hpp>
#include <sluice/origin/fetch.hpp>
#include <sluice/origin/retry_rules.hpp>
#include <sluice/origin/version.hpp>

#include <algorithm>
#include <random>

namespace sluice::origin {

namespace {

error as_origin(error e) {
    e.source = error_source::origin;
    return e;
}

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

struct attempt {
    std::optional<fetched> answer;
    error failure;        ///< without `answer`
    bool sent{false};     ///< to the store; an earlier failure, as in signing, is not the store's
    bool answered{false}; ///< the store sent a whole head
    bool refused{false};  ///< 400, 401 or 403: the URL may be at fault (S3 answers 400 to an expired token)
    bool hurried{false};  ///< timed out so early that it says nothing about the store
    std::optional<std::chrono::milliseconds> retry_after{}; ///< what the store asked for

    /// The store works: it has answered, and would answer alike again.
    [[nodiscard]] bool speaks_for_store() const noexcept { return answer || (answered && !failure.retryable); }
    /// It failed by the store's fault. A refusal by an HTTP proxy on the way counts too: it would be repeated. A store
    /// that asks for a slower pace works.
    [[nodiscard]] bool speaks_against_store() const noexcept {
        return !speaks_for_store() && sent && !hurried && failure.code != errc::throttled;
    }
};

awaitable<void> pause_for(std::chrono::milliseconds d) {
    const auto ex = co_await asio::this_coro::executor;
    steady_timer timer(ex, d);
    auto [ec] = co_await timer.async_wait(use_tuple);
    (void)ec;
}

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

awaitable<attempt> try_once(net::connection_pool& pool, store& s, const fetch_request& r) {
    attempt a;
    const auto sign_began = steady_clock::now();
    auto signed_one = co_await s.signer()->sign(r.key, r.method);
    s.counters().sign->at(signed_one ? "ok" : to_string(signed_one.error().code)).Increment();
    if (!signed_one) {
        a.failure = signed_one.error();
        co_return a;
    }
    const auto& to = signed_one.value();
    const auto began = steady_clock::now();
    s.counters().sign_seconds->Observe(std::chrono::duration<double>(began - sign_began).count());
    wiped_text text;
    if (!write_request(text, to, r, s.capabilities())) {
        a.failure = {errc::sign_failed, error_source::internal, false, "a field of the request is not valid"};
        co_return a;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(r.give_up - began);
    const auto fail = [&a, &s, began, left](error e) {
        const attempt_time time{left, steady_clock::now() - began, s.settings().response_timeout};
        a.hurried = e.code == errc::timeout && was_hurried(time, s.fetch_timeout());
        a.failure = as_origin(std::move(e));
    };
    net::send_options options;
    options.response_timeout = std::clamp(left, std::chrono::milliseconds(1), s.settings().response_timeout);
    options.response_setting =
        left < s.settings().response_timeout ? "what was left of fallback.after" : response_setting;
    options.head_request = r.method == sign::method::head;
    net::peer where{to.tls, to.host, to.port, s.settings().ca_file,
                    std::clamp(left, std::chrono::milliseconds(1), s.settings().connect_timeout)};
    a.sent = true;
    auto sent = co_await net::send(pool, where, text.text, options);
    if (!sent) {
        s.counters().requests->at("error").Increment();
        fail(sent.error());
        co_return a;
    }
    while (sent.value().head().status < 200) { // interim responses (RFC 9110 §15.2) are of no use here
        auto next = co_await sent.value().read_head();
        if (!next) {
            fail(next.error());
            co_return a;
        }
    }
    const auto& head = sent.value().head();
    s.counters().requests->at(std::to_string(head.status)).Increment();
    const auto first_byte = steady_clock::now() - began;
    s.counters().first_byte->Observe(std::chrono::duration<double>(first_byte).count());
    a.answered = true;
    a.refused = head.status == 400 || head.status == 401 || head.status == 403;
    auto checked = validate_response(head, r, s.capabilities());
    if (!checked) {
        a.failure = checked.error();
        a.retry_after = retry_after(head, std::chrono::system_clock::now());
        add_answer(a.failure, sent.value());
        sent.value().finish();
        co_return a;
    }
    s.pace().note_first_byte(first_byte);
    sent.value().set_timeout(s.settings().response_timeout, response_setting);
    a.answer.emplace(std::move(checked.value()), std::move(sent.value()), s.counters().bytes);
    co_return a;
}

} // namespace

fetched::fetched(object_head h, net::client_response r, metrics::Counter* received)
    : head_(std::move(h))
    , response_(std::move(r))
    , received_(received)
    , remaining_(head_.has_bytes ? head_.bytes.length() : 0) {}

awaitable<result<std::size_t>> fetched::read(asio::mutable_buffer out) {
    if (remaining_ == 0) {
        co_return std::size_t{0};
    }
    if (out.size() > remaining_) {
        out = asio::buffer(out, static_cast<std::size_t>(remaining_));
    }
    auto n = co_await response_.read_body_into(out);
    if (!n) {
        co_return as_origin(n.error());
    }
    if (n.value() == 0) {
        co_return error{errc::short_body, error_source::origin, true};
    }
    remaining_ -= n.value();
    received_->Increment(static_cast<double>(n.value()));
    co_return n.value();
}

void fetched::finish() {
    response_.finish();
}

awaitable<void> back_off(std::chrono::milliseconds d) {
    thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<std::int64_t> spread(d.count() / 2, d.count());
    co_await pause_for(std::chrono::milliseconds(spread(random)));
}

void replace_unknown_suffix(fetch_request& r, const store& s) noexcept {
    if (r.range && r.range->kind == http::range_spec::form::suffix && !s.capabilities().suffix_ranges) {
        r.method = sign::method::head;
        r.range.reset();
    }
}

awaitable<result<fetched>> fetch(net::connection_pool& pool, store& s, fetch_request request) {
    bool signed_anew = false;
    std::optional<error> against_store; // the last failure that was the store's
    for (unsigned failed = 1;; ++failed) {
        if (auto admitted = s.admit(); !admitted && !request.passes_breaker) {
            co_return admitted.error();
        }
        auto a = co_await try_once(pool, s, request);
        if (a.speaks_for_store()) {
            s.note_success();
        }
        if (a.answer) {
            co_return std::move(*a.answer);
        }
        if (a.speaks_against_store()) {
            against_store = a.failure;
        }
        if (a.refused && !signed_anew) {
            // A cached URL is refused early where a clock is off or a credential was revoked: try a fresh one, once.
            signed_anew = true;
            s.signer()->forget(request.key, request.method);
            continue;
        }
        const bool is_wanted = !request.is_wanted || request.is_wanted();
        const auto left = request.give_up - steady_clock::now();
        const bool may_retry = is_wanted && !request.tries_once;
        const auto next = may_retry ? after_failure({a.failure, failed, a.retry_after}, left) : retry{};
        if (!next.again) {
            if (is_wanted && against_store && !a.speaks_for_store()) {
                s.note_failure(request.key, *against_store);
            }
            co_return a.failure;
        }
        if (next.exact) {
            co_await pause_for(next.pause);
            co_await back_off(back_off_after(1)); // not all that were told the same come back at once
        } else {
            co_await back_off(next.pause);
        }
    }
}

} // namespace sluice::origin
