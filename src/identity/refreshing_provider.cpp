#include <sluice/base/assert.hpp>
#include <sluice/base/log.hpp>
#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/identity/service_error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace sluice::identity {
namespace {

using std::chrono::milliseconds;

/// A longer sleep is divided, to notice where the wall clock was changed or the machine slept: the steady clock stands
/// still then, while an expiry comes nearer.
constexpr milliseconds max_sleep{30'000};

/// True where `fresh` is to be published in place of `current`, which is still valid. One without an expiry is fetched
/// again to see whether somebody changed it: then any other is newer. A token that is given out again, now with whom it
/// stands for, may seem to expire a moment sooner, since services count what is left in whole seconds.
template <class T>
bool replaces(const T& fresh, const T& current) {
    if (fresh.contents() == current.contents()) {
        return false;
    }
    return !current.expires || !fresh.expires || *fresh.expires >= *current.expires ||
           (current.who().empty() && !fresh.who().empty());
}

std::string format_expiry(const std::optional<time_point>& expires) {
    return expires ? format_rfc3339(*expires) : std::string("never");
}

} // namespace

template <class T>
refreshing_provider<T>::refreshing_provider(std::unique_ptr<source<T>> from, wall_clock clock, std::string store)
    : source_(std::move(from))
    , clock_(std::move(clock))
    , store_(std::move(store))
    , source_name_(source_->name()) {}

template <class T>
refreshing_provider<T>::~refreshing_provider() = default;

template <class T>
std::shared_ptr<const T> refreshing_provider<T>::current() const {
    const mutex_lock lock(mutex_);
    return current_;
}

template <class T>
refresh_status refreshing_provider<T>::status() const {
    const mutex_lock lock(mutex_);
    refresh_status s;
    s.source = source_name_;
    s.last_attempt = last_attempt_;
    if (current_) {
        s.who = current_->who();
        s.expires = current_->expires;
    }
    return s;
}

template <class T>
void refreshing_provider<T>::observe(refresh_observer o) {
    observer_ = std::move(o);
}

/// Asks the source; an exception becomes an error like any other.
template <class T>
awaitable<result<T>> refreshing_provider<T>::fetch(http_client& client) {
    std::string what;
    try {
        auto got = co_await source_->fetch(client);
        co_return got;
    } catch (const std::exception& e) {
        what = e.what();
    }
    co_return no_credentials(source_->name(), what, retryable::yes, error_source::internal);
}

/// Publishes a fetched credential, or keeps the current one.
template <class T>
result<void> refreshing_provider<T>::accept(result<T> got) {
    const auto now = clock_();
    if (got && got->expires && *got->expires <= now) {
        got = no_credentials(source_->name(),
                             "gave a credential that expired at " + format_expiry(got->expires) +
                                 " already; by this machine's clock it is " + format_rfc3339(now),
                             retryable::yes);
    }
    if (!got) {
        if (note_failure(got.error())) {
            log_failure(got.error());
        }
        observer_.tried(false);
        return got.error();
    }
    const auto fresh = std::make_shared<const T>(std::move(*got));
    const auto o = publish(fresh, now);
    log_success(o.published ? *fresh : *current(), o);
    if (o.published) {
        observer_.published(fresh->expires);
    }
    observer_.tried(true);
    return {};
}

template <class T>
typename refreshing_provider<T>::outcome refreshing_provider<T>::publish(const std::shared_ptr<const T>& fresh,
                                                                         time_point now) {
    const mutex_lock lock(mutex_);
    outcome o;
    source_name_ = source_->name();
    o.after_failures = !last_attempt_;
    last_attempt_ = result<void>();
    o.first = !current_;
    // In a chain another source may be the one that counts now: then the expiry of the current one is irrelevant.
    o.published = !is_valid(current_, now) || source_name_ != current_from_ || replaces(*fresh, *current_);
    if (o.published) {
        current_ = fresh;
        current_from_ = source_name_;
    }
    return o;
}

/// True for the first failure of a row.
template <class T>
bool refreshing_provider<T>::note_failure(const error& e) {
    const mutex_lock lock(mutex_);
    source_name_ = source_->name();
    const bool first = last_attempt_.has_value();
    last_attempt_ = e;
    return first;
}

/// The first credential, and the end of each row of failures.
template <class T>
void refreshing_provider<T>::log_success(const T& current, const outcome& o) const {
    if (o.first || o.after_failures) {
        log::info(o.first ? "credentials obtained" : "credential renewal recovered",
                  {{"store", store_},
                   {"source", source_->name()},
                   {"who", current.who()},
                   {"expires", format_expiry(current.expires)}});
    }
}

template <class T>
void refreshing_provider<T>::log_failure(const error& e) const {
    const auto kept = current();
    log::warn("credential renewal failed", {{"store", store_},
                                            {"source", source_->name()},
                                            {"error", e.detail},
                                            {"retryable", e.retryable},
                                            {"kept_until", kept ? format_expiry(kept->expires) : std::string("none")}});
}

template <class T>
awaitable<result<void>> refreshing_provider<T>::refresh(http_client& client) {
    auto got = co_await fetch(client);
    co_return accept(std::move(got));
}

/// `fetch` as a task of its own, so that `stop` can cancel the request that it waits for; completes when that has
/// ended, so that nothing of it is left behind. nullopt where it threw, or `stop` was called.
template <class T>
awaitable<std::optional<result<T>>> refreshing_provider<T>::fetch_until_stopped(executor ex, http_client& client) {
    const auto pending = std::make_shared<pending_fetch>(ex);
    pending_ = pending;
    auto task = fetch_into(client, pending);
    auto at_end = asio::bind_cancellation_slot(pending->cancel.slot(), [pending](const std::exception_ptr&) {
        pending->done = true;
        pending->ended.cancel();
    });
    asio::co_spawn(ex, std::move(task), std::move(at_end));
    while (!pending->done) {
        auto [ec] = co_await pending->ended.async_wait(use_tuple);
        static_cast<void>(ec);
    }
    if (stopped_) {
        co_return std::nullopt;
    }
    co_return std::move(pending->got);
}

/// Both are parameters, since a lambda coroutine's captures would be gone by the time it resumes.
template <class T>
awaitable<void> refreshing_provider<T>::fetch_into(http_client& client, std::shared_ptr<pending_fetch> into) {
    auto got = co_await fetch(client);
    into->got = std::move(got);
}

/// Sleeps for `wait` by the steady clock, or until `wait` after `now` by the wall clock, whichever is sooner; shorter
/// where `stop` is called. `wake` makes it look at both.
template <class T>
awaitable<void> refreshing_provider<T>::sleep(executor ex, time_point now, milliseconds wait) {
    const bool for_ever = wait == milliseconds::max();
    const auto steady_due = for_ever ? steady_clock::time_point::max() : steady_clock::now() + wait;
    const auto wall_due = for_ever ? time_point::max() : now + wait;
    const auto timer = std::make_shared<async_event>(ex);
    {
        const mutex_lock lock(mutex_);
        sleeping_ = timer;
    }
    while (!stopped_ && steady_clock::now() < steady_due && clock_() < wall_due) {
        const auto look = for_ever ? steady_due : std::min(steady_due, steady_clock::now() + max_sleep);
        co_await timer->wait_until(look);
    }
}

template <class T>
awaitable<void> refreshing_provider<T>::run(executor ex, http_client& client) {
    SLUICE_ASSERT(pending_.expired()); // one `run` at a time
    unsigned failures = 0;
    while (!stopped_) {
        auto got = co_await fetch_until_stopped(ex, client);
        if (!got && stopped_) {
            break;
        }
        if (!got) { // it threw, which must not leave the store without credentials for good
            got = no_credentials(source_->name(), "failed", retryable::yes, error_source::internal);
        }
        const auto refresh_at = *got ? (**got).refresh_at : std::nullopt; // also where the credential has not changed
        const bool ok = accept(std::move(*got)).has_value();
        failures = ok ? 0 : failures + 1;
        const auto now = clock_();
        const auto kept = current();
        const auto expires = kept ? kept->expires : std::nullopt;
        const auto valid_until = kept && !expires ? time_point::max() : expires;
        const auto wait = ok ? refresh_schedule::after_success(now, expires, refresh_at, random_unit())
                             : refresh_schedule::after_failure(failures, now, valid_until, random_unit());
        co_await sleep(ex, now, wait);
    }
}

template <class T>
void refreshing_provider<T>::stop() {
    stopped_ = true;
    if (const auto pending = pending_.lock()) {
        pending->cancel.emit(asio::cancellation_type::terminal);
    }
    wake();
}

template <class T>
void refreshing_provider<T>::wake() {
    std::shared_ptr<async_event> sleeping;
    {
        const mutex_lock lock(mutex_);
        sleeping = sleeping_.lock();
    }
    if (sleeping) {
        sleeping->notify();
    }
}

template class refreshing_provider<aws_credentials>;
template class refreshing_provider<bearer_token>;
template class refreshing_provider<user_delegation_key>;

} // namespace sluice::identity
