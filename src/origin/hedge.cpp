#include <sluice/base/async_event.hpp>
#include <sluice/origin/hedge_rules.hpp>

#include "attempt.hpp"

#include <algorithm>
#include <memory>

/// A GET and, where its answer is late, a second one beside it.
namespace sluice::origin::detail {

namespace {

/// Two attempts at one request. Both are tasks of the worker and share this with whoever waits for them: the loser ends
/// after the wait.
struct race {
    race(net::connection_pool& p, store& of, const fetch_request& r)
        : pool(p)
        , s(of)
        , match(r.match)
        , none_match(r.none_match)
        , request(r)
        , changed(std::make_shared<async_event>(p.owner().get_executor())) {
        request.key = {};       // the message has it
        request.is_wanted = {}; // the caller's, as is what the views were of
        request.canceler = nullptr;
        request.match = match;
        request.none_match = none_match;
    }
    race(const race&) = delete;
    race& operator=(const race&) = delete;

    struct side {
        net::request_canceler canceler{}; // outlives what it may cancel
        attempt made{};
        attempt_state state{attempt_state::not_begun};
    };

    [[nodiscard]] hedge_end end() const noexcept { return end_of(first.state, second.state); }

    net::connection_pool& pool;
    store& s;
    const std::string match;
    const std::string none_match;
    fetch_request request; // views of the two above
    signed_message message{};
    std::shared_ptr<async_event> changed;
    side first{};
    side second{};
};

/// Says that an attempt has ended, also where it ends by an exception.
class end_of_attempt {
public:
    end_of_attempt(race& r, race::side& mine)
        : race_(r)
        , mine_(mine) {}
    end_of_attempt(const end_of_attempt&) = delete;
    end_of_attempt& operator=(const end_of_attempt&) = delete;
    ~end_of_attempt() {
        if (mine_.state == attempt_state::running) {
            mine_.state = attempt_state::failed;
        }
        race_.changed->notify();
    }

private:
    race& race_;
    race::side& mine_;
};

awaitable<void> run(std::shared_ptr<race> r, race::side& mine) {
    const end_of_attempt at_end(*r, mine);
    auto made = co_await send_message(r->pool, r->s, r->request, r->message, &mine.canceler);
    mine.state = made.speaks_for_store() ? attempt_state::answered : attempt_state::failed;
    mine.made = std::move(made);
}

void begin(const std::shared_ptr<race>& r, race::side& mine) {
    mine.state = attempt_state::running;
    r->pool.owner().tasks.spawn(run(r, mine));
}

/// Closes the connection of whoever still runs when nobody waits any more.
class losers_end {
public:
    explicit losers_end(race& r)
        : race_(r) {}
    losers_end(const losers_end&) = delete;
    losers_end& operator=(const losers_end&) = delete;
    ~losers_end() {
        for (auto* each : {&race_.first, &race_.second}) {
            if (each->state == attempt_state::running) {
                each->canceler.cancel();
            }
        }
    }

private:
    race& race_;
};

/// Begins the second attempt, where the store may be asked twice now.
void hedge(const std::shared_ptr<race>& r, const fetch_request& asked) {
    const bool is_wanted = !asked.is_wanted || asked.is_wanted();
    if (!is_wanted) {
        return;
    }
    if (r->s.circuit().is_open() || !r->s.hedges().try_take()) {
        r->s.counters().hedges->at("limit").Increment();
        return;
    }
    begin(r, r->second);
}

/// Two failures as one: that which says something about the store, with the longer pause that was asked for.
attempt failure_of(race& r) {
    const auto longer = std::max(r.first.made.retry_after, r.second.made.retry_after);
    const bool second_tells = r.second.made.speaks_against_store() && !r.first.made.speaks_against_store();
    attempt told = std::move(second_tells ? r.second.made : r.first.made);
    told.retry_after = longer;
    return told;
}

/// The `result` label of a second attempt.
std::string_view name_of(hedge_end end) noexcept {
    switch (end) {
    case hedge_end::first:
        return "lost";
    case hedge_end::second:
        return "won";
    case hedge_end::open:
    case hedge_end::neither:
        break;
    }
    return "error";
}

/// What the race came to, once it is not open.
attempt take_result(race& r) {
    const auto end = r.end();
    if (r.second.state != attempt_state::not_begun) {
        r.s.counters().hedges->at(name_of(end)).Increment();
    }
    if (end == hedge_end::neither) {
        return failure_of(r);
    }
    return std::move(end == hedge_end::first ? r.first.made : r.second.made);
}

awaitable<attempt> send_hedged(std::shared_ptr<race> r, const fetch_request& asked) {
    const losers_end at_end(*r);
    r->s.hedges().note_request();
    const auto late = steady_clock::now() + r->s.settings().hedge_after;
    begin(r, r->first);
    auto until = late;
    const auto is_canceled = [&asked] { return asked.canceler != nullptr && asked.canceler->canceled(); };
    if (asked.canceler != nullptr) {
        asked.canceler->wake(r->changed);
    }
    while (r->end() == hedge_end::open && !is_canceled()) {
        co_await r->changed->wait_until(until);
        if (until == late && r->end() == hedge_end::open && !is_canceled() && steady_clock::now() >= late) {
            until = steady_clock::time_point::max();
            hedge(r, asked);
        }
    }
    if (r->end() == hedge_end::open) {
        if (r->second.state != attempt_state::not_begun) {
            r->s.counters().hedges->at(name_of(hedge_end::open)).Increment();
        }
        attempt canceled;
        canceled.failure = {errc::canceled, error_source::origin, false};
        co_return canceled;
    }
    co_return take_result(*r);
}

} // namespace

awaitable<attempt> attempt_once(net::connection_pool& pool, store& s, const fetch_request& r) {
    const auto left = r.give_up - steady_clock::now();
    if (may_hedge(r.method == sign::method::get, s.settings().hedge_after, left)) {
        const auto both = std::make_shared<race>(pool, s, r);
        auto ready = co_await sign_message(s, r, both->message);
        if (ready) {
            co_return co_await send_hedged(both, r);
        }
        attempt unsigned_one;
        unsigned_one.failure = ready.error();
        co_return unsigned_one;
    }
    net::request_canceler* const canceler = r.canceler != nullptr ? r.canceler->request() : nullptr;
    signed_message message;
    auto ready = co_await sign_message(s, r, message);
    if (ready) {
        co_return co_await send_message(pool, s, r, message, canceler);
    }
    attempt unsigned_one;
    unsigned_one.failure = ready.error();
    co_return unsigned_one;
}

} // namespace sluice::origin::detail
