#include <sluice/base/log.hpp>
#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <random>

namespace sluice::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds shortest{100};
/// A longer sleep is cut, to see whether the wall clock was moved or the machine slept: the steady clock stands still
/// then, an expiry does not.
constexpr milliseconds longest_sleep{30'000};

/// `d` more or less by up to a fifth.
milliseconds jittered(milliseconds d, double random) {
    return milliseconds(static_cast<std::int64_t>(static_cast<double>(d.count()) * (0.8 + 0.4 * random)));
}

milliseconds until(time_point now, time_point expires) {
    return std::chrono::duration_cast<milliseconds>(expires - now);
}

/// True where `t` can be used at `now`.
template <class T>
bool is_good(const std::shared_ptr<const T>& t, time_point now) {
    return t && (!t->expires || *t->expires > now);
}

/// True where `fresh` is to be published in place of `old`, which is good still. What has no expiry is asked for again
/// to see whether it was changed by hand: then anything else is newer. A token that is given out again, now with whom
/// it stands for, may seem to end a moment sooner, since services count what is left in whole seconds.
template <class T>
bool replaces(const T& fresh, const T& old) {
    if (fresh.contents() == old.contents()) {
        return false;
    }
    return !old.expires || !fresh.expires || *fresh.expires >= *old.expires ||
           (old.who().empty() && !fresh.who().empty());
}

std::string when(const std::optional<time_point>& expires) {
    return expires ? format_rfc3339(*expires) : std::string("never");
}

} // namespace

double random_unit() {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

renewal_plan::duration renewal_plan::after_success(time_point now, std::optional<time_point> expires,
                                                   std::optional<time_point> renew_at, double random) {
    auto wait = duration::max();
    if (expires) {
        const auto left = until(now, *expires);
        const auto window = std::clamp<milliseconds>(left / 10, minutes(5), minutes(15));
        wait = left < minutes(10) ? jittered(left / 2, random) : left - jittered(window, random);
    }
    if (renew_at) {
        const auto left = static_cast<double>(until(now, *renew_at).count());
        wait = std::min(wait, milliseconds(static_cast<std::int64_t>(left * (1 - random / 10))));
    }
    return std::max(shortest, wait);
}

renewal_plan::duration renewal_plan::after_failure(unsigned n, time_point now, std::optional<time_point> good_until,
                                                   double random) {
    const unsigned doublings = std::min(n == 0 ? 0U : n - 1U, 6U);
    const bool good = good_until && *good_until > now;
    const auto most = good ? seconds(60) : seconds(10); // without any, the app answers in our place
    auto wait = jittered(std::min<milliseconds>(seconds(1) * (1U << doublings), most), random);
    if (good) {
        // At a quarter of what is left each time, many tries come before the end; the first three in any case.
        wait = std::min(wait, until(now, *good_until) / 4);
    }
    return std::max(shortest, wait);
}

template <class T>
renewed<T>::renewed(std::unique_ptr<source<T>> from, wall_clock clock)
    : source_(std::move(from))
    , clock_(std::move(clock))
    , source_name_(source_->name()) {}

template <class T>
renewed<T>::~renewed() = default;

template <class T>
std::shared_ptr<const T> renewed<T>::current() const {
    const std::lock_guard lock(mutex_);
    return newest_;
}

template <class T>
renewal_status renewed<T>::status() const {
    const std::lock_guard lock(mutex_);
    renewal_status s;
    s.source = source_name_;
    s.failure = failure_;
    if (newest_) {
        s.who = newest_->who();
        s.expires = newest_->expires;
    }
    return s;
}

template <class T>
void renewed<T>::observe(renewal_observer o) {
    observer_ = std::move(o);
}

/// Asks the source; what it throws is an error like another.
template <class T>
awaitable<result<T>> renewed<T>::ask(caller& by) {
    std::string what;
    try {
        auto got = co_await source_->fetch(by);
        co_return got;
    } catch (const std::exception& e) {
        what = e.what();
    }
    co_return error{errc::no_credentials, error_source::internal, true, source_->name() + ": " + what};
}

/// Publishes what came, or keeps what there is.
template <class T>
result<void> renewed<T>::take(result<T> got) {
    const auto now = clock_();
    if (got && got->expires && *got->expires <= now) {
        got = error{errc::no_credentials, error_source::origin, true,
                    source_->name() + ": gave a credential that expired at " + when(got->expires) +
                        " already; by this machine's clock it is " + format_rfc3339(now)};
    }
    std::shared_ptr<const T> fresh;
    if (got) {
        fresh = std::make_shared<const T>(std::move(*got));
    }
    bool first = false;
    bool published = false;
    bool streak_before = false;
    {
        const std::lock_guard lock(mutex_);
        source_name_ = source_->name();
        streak_before = failure_.has_value();
        if (fresh) {
            failure_.reset();
            first = !newest_;
            // Of a chain, another may be the one that counts now: how long its credentials last says nothing of that.
            published = !is_good(newest_, now) || source_name_ != newest_from_ || replaces(*fresh, *newest_);
            if (published) {
                newest_ = fresh;
                newest_from_ = source_name_;
            }
        } else {
            failure_ = got.error();
        }
    }
    if (fresh) {
        tell_success(published ? *fresh : *current(), first, streak_before);
    } else if (!streak_before) {
        tell_failure(got.error());
    }
    if (published) {
        observer_.published(fresh->expires);
    }
    observer_.tried(fresh != nullptr);
    if (!fresh) {
        return got.error();
    }
    return {};
}

/// The first credential, and the end of each row of failures.
template <class T>
void renewed<T>::tell_success(const T& newest, bool first, bool after_failures) const {
    if (first || after_failures) {
        log::info(first ? "credentials" : "credentials renewed again",
                  {{"source", source_->name()}, {"who", newest.who()}, {"expires", when(newest.expires)}});
    }
}

/// The beginning of a row of failures.
template <class T>
void renewed<T>::tell_failure(const error& e) const {
    const auto kept = current();
    log::warn("credentials not renewed", {{"source", source_->name()},
                                          {"error", e.detail},
                                          {"retryable", e.retryable},
                                          {"kept_until", kept ? when(kept->expires) : std::string("none")}});
}

template <class T>
awaitable<result<void>> renewed<T>::renew(caller& by) {
    auto got = co_await ask(by);
    co_return take(std::move(got));
}

/// `ask` as a task of its own, so that `stop` can cut the call that it waits for; completes when that has ended, so
/// that nothing of it is left behind. nullopt where `stop` was called.
template <class T>
awaitable<std::optional<result<T>>> renewed<T>::ask_until_stopped(executor ex, caller& by) {
    const auto a = std::make_shared<asking>(ex);
    asking_ = a;
    auto task = ask_into(by, a);
    auto at_end = asio::bind_cancellation_slot(a->cut.slot(), [a](const std::exception_ptr&) {
        a->done = true;
        a->ended.cancel();
    });
    asio::co_spawn(ex, std::move(task), std::move(at_end));
    while (!a->done) {
        auto [ec] = co_await a->ended.async_wait(use_tuple);
        static_cast<void>(ec);
    }
    if (stopped_) {
        co_return std::nullopt;
    }
    co_return std::move(a->got);
}

/// Both are parameters: a coroutine's captures would be gone by the time it needs them.
template <class T>
awaitable<void> renewed<T>::ask_into(caller& by, std::shared_ptr<asking> a) {
    auto got = co_await ask(by);
    a->got = std::move(got);
}

/// Sleeps for `wait` by the steady clock, or until `wait` after `now` by the wall clock, whichever is sooner; less
/// where `stop` is called. `wake` has it look at them.
template <class T>
awaitable<void> renewed<T>::sleep(executor ex, time_point now, milliseconds wait) {
    const bool for_ever = wait == milliseconds::max();
    const auto steady_due = for_ever ? steady_clock::time_point::max() : steady_clock::now() + wait;
    const auto wall_due = for_ever ? time_point::max() : now + wait;
    const auto timer = std::make_shared<alarm>(ex);
    {
        const std::lock_guard lock(mutex_);
        sleeping_ = timer;
    }
    while (!stopped_ && steady_clock::now() < steady_due && clock_() < wall_due) {
        const auto look = for_ever ? steady_due : std::min(steady_due, steady_clock::now() + longest_sleep);
        co_await timer->wait_until(look);
    }
}

template <class T>
awaitable<void> renewed<T>::run(executor ex, caller& by) {
    unsigned failures = 0;
    while (!stopped_) {
        auto got = co_await ask_until_stopped(ex, by);
        if (!got && stopped_) {
            break;
        }
        if (!got) { // it threw: no reason to leave the store without credentials for good
            got = error{errc::no_credentials, error_source::internal, true, source_->name() + ": failed"};
        }
        const auto renew_at = *got ? (**got).renew_at : std::nullopt; // of the answer, also where it brings nothing new
        const bool ok = take(std::move(*got)).has_value();
        failures = ok ? 0 : failures + 1;
        const auto now = clock_();
        const auto kept = current();
        const auto expires = kept ? kept->expires : std::nullopt;
        const auto good_until = kept && !expires ? time_point::max() : expires;
        const auto wait = ok ? renewal_plan::after_success(now, expires, renew_at, random_unit())
                             : renewal_plan::after_failure(failures, now, good_until, random_unit());
        co_await sleep(ex, now, wait);
    }
}

template <class T>
void renewed<T>::stop() {
    stopped_ = true;
    if (const auto a = asking_.lock()) {
        a->cut.emit(asio::cancellation_type::terminal);
    }
    wake();
}

template <class T>
void renewed<T>::wake() {
    std::shared_ptr<alarm> sleeping;
    {
        const std::lock_guard lock(mutex_);
        sleeping = sleeping_.lock();
    }
    if (sleeping) {
        sleeping->notify();
    }
}

template <class T>
on_demand<T>::on_demand(std::unique_ptr<source<T>> from, wall_clock clock)
    : inner_(std::move(from), clock)
    , clock_(std::move(clock)) {
    observe({});
}

template <class T>
void on_demand<T>::observe(renewal_observer o) {
    o.tried = [this, told = std::move(o.tried)](bool ok) {
        wake_waiters();
        told(ok);
    };
    inner_.observe(std::move(o));
}

template <class T>
void on_demand<T>::wake_waiters() {
    const std::lock_guard lock(mutex_);
    for (const auto& each : waiters_) {
        if (const auto waiter = each.lock()) {
            waiter->notify();
        }
    }
    waiters_.clear();
}

/// What can be said without waiting.
template <class T>
std::optional<result<typename on_demand<T>::snapshot>> on_demand<T>::known() const {
    if (auto there = inner_.current(); is_good(there, clock_())) {
        return result<snapshot>(std::move(there));
    }
    if (auto failure = inner_.status().failure) {
        return result<snapshot>(std::move(*failure));
    }
    return std::nullopt;
}

template <class T>
void on_demand<T>::want(const std::shared_ptr<alarm>& waiter) {
    {
        const std::lock_guard lock(mutex_);
        waiters_.push_back(waiter);
    }
    wake_run();
    inner_.wake(); // the wall clock may have gone beyond the end of the one there is
}

template <class T>
void on_demand<T>::wake_run() {
    const std::lock_guard lock(mutex_);
    const auto idle = idle_.lock();
    if (!wanted_ && idle) {
        idle->notify();
    }
    wanted_ = true;
}

template <class T>
awaitable<result<typename on_demand<T>::snapshot>> on_demand<T>::get(steady_clock::time_point give_up) {
    auto there = known();
    if (there) {
        co_return *there;
    }
    const auto ex = co_await asio::this_coro::executor;
    const auto wake = std::make_shared<alarm>(ex);
    for (;;) {
        want(wake); // first, so that nothing is missed
        there = known();
        if (!there && steady_clock::now() < give_up) {
            co_await wake->wait_until(give_up);
            there = known();
        }
        if (there) {
            co_return *there;
        }
        if (steady_clock::now() >= give_up) {
            co_return error{errc::timeout, error_source::origin, true, inner_.status().source + ": takes too long"};
        }
    }
}

template <class T>
awaitable<void> on_demand<T>::run(executor ex, caller& by) {
    const auto idle = std::make_shared<alarm>(ex);
    bool wanted = false;
    {
        const std::lock_guard lock(mutex_);
        idle_ = idle;
        wanted = wanted_;
    }
    if (!wanted) {
        co_await idle->wait_until(steady_clock::time_point::max()); // or for `stop`
    }
    co_await inner_.run(ex, by);
}

template <class T>
void on_demand<T>::stop() {
    inner_.stop();
    wake_run();
}

template class renewed<aws_credentials>;
template class renewed<bearer_token>;
template class renewed<user_delegation_key>;
template class on_demand<user_delegation_key>;

} // namespace sluice::identity
