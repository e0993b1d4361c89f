#include <sluice/origin/fetch.hpp>
#include <sluice/origin/retry_rules.hpp>

#include "attempt.hpp"

#include <algorithm>
#include <random>

namespace sluice::origin {

namespace {

error as_origin(error e) {
    e.source = error_source::origin;
    return e;
}

awaitable<void> pause_for(std::chrono::milliseconds d) {
    const auto ex = co_await asio::this_coro::executor;
    steady_timer timer(ex, d);
    auto [ec] = co_await timer.async_wait(use_tuple);
    (void)ec;
}

bool is_canceled(const fetch_request& r) {
    return r.canceler != nullptr && r.canceler->canceled();
}

/// The same, but ends soon once `pool` or `r` is canceled.
awaitable<void> pause_for(const net::connection_pool& pool, const fetch_request& r, std::chrono::milliseconds d) {
    constexpr std::chrono::milliseconds step{100};
    for (auto left = d; left.count() > 0 && !pool.canceled() && !is_canceled(r); left -= step) {
        co_await pause_for(std::min(left, step));
    }
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
        if (is_canceled(request)) {
            co_return error{errc::canceled, error_source::origin, false};
        }
        // The outcome of a trial is waited for, whoever has left: all others depend on it.
        const bool is_trial = s.circuit().is_open();
        if (auto admitted = s.admit(); !admitted && !request.passes_breaker) {
            co_return admitted.error();
        }
        fetch_canceler* const canceler = request.canceler;
        request.canceler = is_trial ? nullptr : canceler;
        auto a = co_await detail::attempt_once(pool, s, request);
        request.canceler = canceler;
        if (a.speaks_for_store()) {
            s.note_success();
        }
        if (a.answer) {
            s.pace().note_first_byte(a.first_byte);
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
        if (is_canceled(request)) { // what that attempt came to is no word of the store's, but for a trial
            if (is_trial && against_store && !pool.canceled()) {
                s.note_failure(request.key, *against_store);
            }
            co_return error{errc::canceled, error_source::origin, false};
        }
        const bool is_wanted = !request.is_wanted || request.is_wanted();
        const auto left = request.give_up - steady_clock::now();
        const bool may_retry = is_wanted && !request.tries_once && !request.is_extra;
        const auto next = may_retry ? after_failure({a.failure, failed, a.retry_after}, left) : retry{};
        if (!next.again) {
            if (request.told_to_wait != nullptr && may_retry && a.failure.retryable && a.retry_after) {
                *request.told_to_wait = true;
            }
            if (is_wanted && !request.is_extra && against_store && !a.speaks_for_store() && !pool.canceled()) {
                s.note_failure(request.key, *against_store);
            }
            co_return a.failure;
        }
        if (next.exact) {
            co_await pause_for(pool, request, next.pause);
            co_await back_off(back_off_after(1)); // not all that were told the same come back at once
        } else {
            co_await back_off(next.pause);
        }
    }
}

} // namespace sluice::origin
