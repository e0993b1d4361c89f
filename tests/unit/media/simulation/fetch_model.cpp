// `origin::fetch`, told once more without signatures, sockets and metrics: what is left is when it asks again, and what
// it tells the breaker.
#include <sluice/origin/retry_rules.hpp>

#include "store_model.hpp"

#include <algorithm>

namespace sluice::media::simulation {

namespace {

constexpr milliseconds to_refuse{1};

struct attempt {
    std::shared_ptr<transfer> answer{};
    error failure{};
    bool answered{false};
    bool hurried{false};
    std::optional<milliseconds> retry_after{};

    [[nodiscard]] bool speaks_for_store() const { return answer || (answered && !failure.retryable); }
    [[nodiscard]] bool speaks_against_store() const {
        return !speaks_for_store() && !hurried && failure.code != errc::throttled;
    }
};

error store_failed(errc code) {
    return {code, error_source::origin, true, "simulated"};
}

/// What the store makes of a request that comes to it at `t`; nullopt: it answers.
std::optional<error> failure_at(const store_model& s, steady_clock::time_point t) {
    const blip* b = s.blip_at(t);
    if (b == nullptr) {
        return std::nullopt;
    }
    switch (b->kind) {
    case fault::refused:
        return store_failed(errc::connect_failed);
    case fault::unavailable:
        return store_failed(errc::store_error);
    case fault::throttled:
        return store_failed(errc::throttled);
    default: // what comes to a request that was sent
        return std::nullopt;
    }
}

awaitable<attempt> try_once(store_model& s, const question& q) {
    attempt a;
    const auto began = s.clock.now();
    const auto left = std::chrono::duration_cast<milliseconds>(q.give_up - began);
    const auto gives_up = began + std::clamp(left, milliseconds(1), response_timeout);
    const double rate = s.requests < s.rates.size() ? s.rates[s.requests] : s.rate;
    ++s.requests;
    const auto failed = failure_at(s, began);
    const auto answers_at =
        failed && failed->code == errc::connect_failed ? began + to_refuse : s.done_at(began, s.latency);
    const auto ends_at = std::min(answers_at, gives_up);
    if (const auto reset = s.reset_between(began, ends_at)) {
        co_await s.clock.until(*reset + to_refuse);
        a.failure = store_failed(errc::connection_lost);
        co_return a;
    }
    co_await s.clock.until(ends_at);
    if (ends_at < answers_at) {
        a.failure = store_failed(errc::timeout);
        a.hurried = origin::was_hurried({left, s.clock.now() - began, response_timeout}, fetch_timeout);
        co_return a;
    }
    if (failed) {
        a.failure = *failed;
        a.answered = failed->code != errc::connect_failed;
        if (failed->code == errc::throttled) {
            a.retry_after = s.blip_at(began)->retry_after;
        }
        co_return a;
    }
    s.pace.note_first_byte(s.clock.now() - began);
    a.answered = true;
    a.answer = std::make_shared<transfer>(s, q.bytes, rate);
    co_return a;
}

/// `store::note_failure`.
void note_failure(store_model& s, const std::string& key, const error& why) {
    const bool was_reached = why.code != errc::connect_failed;
    (void)s.breaker.failed(was_reached ? key : std::string(), s.clock.now(), std::string(to_string(why.code)));
}

} // namespace

awaitable<void> back_off(store_model& s, milliseconds d) {
    std::uniform_int_distribution<std::int64_t> spread(d.count() / 2, d.count());
    co_await s.clock.until(s.clock.now() + milliseconds(spread(s.random)));
}

awaitable<result<std::shared_ptr<transfer>>> fetch(store_model& s, question q) {
    std::optional<error> against_store;
    for (unsigned failed = 1;; ++failed) {
        if (!s.breaker.allow(s.clock.now()) && !q.passes_breaker) {
            co_return store_failed(errc::breaker_open);
        }
        auto a = co_await try_once(s, q);
        if (a.speaks_for_store()) {
            (void)s.breaker.succeeded();
        }
        if (a.answer) {
            co_return a.answer;
        }
        if (a.speaks_against_store()) {
            against_store = a.failure;
        }
        const bool is_wanted = !q.is_wanted || q.is_wanted();
        const auto left = q.give_up - s.clock.now();
        const auto next = is_wanted ? origin::after_failure({a.failure, failed, a.retry_after}, left) : origin::retry{};
        if (!next.again) {
            if (is_wanted && against_store && !a.speaks_for_store()) {
                note_failure(s, q.key, *against_store);
            }
            co_return a.failure;
        }
        if (next.exact) {
            co_await s.clock.until(s.clock.now() + next.pause);
            co_await back_off(s, origin::back_off_after(1));
        } else {
            co_await back_off(s, next.pause);
        }
    }
}

} // namespace sluice::media::simulation
