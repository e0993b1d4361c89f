#pragma once

#include <sluice/base/alarm.hpp>
#include <sluice/base/clock.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/http_client.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sluice::identity {

/// Where a `T` comes from. Used by one coroutine at a time.
template <class T>
class source {
public:
    virtual ~source() = default;
    /// Asks once; never retries. Errors: `errc::no_credentials`, its detail naming the service and what it said, in the
    /// cloud's own words where these hold no secret; `retryable` unless only the operator can mend it.
    virtual awaitable<result<T>> fetch(caller& by) = 0;
    /// What an operator calls it: "EC2 instance metadata", "web identity (IRSA)". Of a chain, the one that was asked
    /// last.
    [[nodiscard]] virtual std::string name() const = 0;
};

/// What is known of a credential, for `sluice check --online` and the log. No secret.
struct renewal_status {
    std::string source;
    std::string who;
    std::optional<time_point> expires{};
    std::optional<error> failure{}; ///< of the last try, where it failed
};

/// What is told as things happen; may be called from any thread.
struct renewal_observer {
    std::function<void(bool ok)> tried = [](bool) {};
    std::function<void(std::optional<time_point> expires)> published = [](std::optional<time_point>) {};
};

/// Something that is renewed in the background. One worker runs it.
class renewable {
public:
    virtual ~renewable() = default;
    /// Renews before each expiry until `stop`: see `renewal_plan`. A failure never replaces what is still good, nor
    /// does what comes expired, or expires before it (but for one without an expiry, which any other replaces, one of
    /// another source, and one that did not say whom it stands for where the other does). What is the same as before
    /// is not published again. `by` must live until completion; one `run` at a time.
    virtual awaitable<void> run(executor ex, caller& by) = 0;
    /// Ends `run` soon: a call that is under way is cut (a look-up of a name lasts until the call's timeout). On the
    /// worker that runs it, and for good: a later `run` ends at once.
    virtual void stop() = 0;
    /// Asks once, now. For commands; not beside `run`.
    virtual awaitable<result<void>> renew(caller& by) = 0;
    /// From any thread.
    [[nodiscard]] virtual renewal_status status() const = 0;
    /// Before `run` and `renew`.
    virtual void observe(renewal_observer o) = 0;
};

/// When to ask again, as pure decisions. `random` from 0 to 1 spreads many sidecars.
struct renewal_plan {
    using duration = std::chrono::milliseconds;
    /// From now until the next try, after a success: a window before the expiry of a tenth of what is left, at least 5
    /// minutes and at most 15, jittered by a fifth; lives shorter than 10 minutes are renewed at their half. No later
    /// than `renew_at`, and sooner by up to a tenth of the way. Without either: `duration::max()`. Never below 100 ms.
    [[nodiscard]] static duration after_success(time_point now, std::optional<time_point> expires,
                                                std::optional<time_point> renew_at, double random);
    /// After the n-th failure in a row (from 1): 1 s, doubled each time to 60 s, or to 10 s where there is none that is
    /// good, jittered by a fifth; but soon enough that one that is good until `good_until` is tried for at least three
    /// times before, where that can be. `good_until`: `time_point::max()` for one that never expires; unset, or past:
    /// there is none.
    [[nodiscard]] static duration after_failure(unsigned n, time_point now, std::optional<time_point> good_until,
                                                double random);
};

/// From 0 to 1, for `renewal_plan`. From any thread.
[[nodiscard]] double random_unit();

/// A `T` from a `source`, renewed in the background; a provider for signers on any thread.
template <class T>
class renewed final : public provider<T>, public renewable {
public:
    renewed(std::unique_ptr<source<T>> from, wall_clock clock);
    ~renewed() override;
    [[nodiscard]] std::shared_ptr<const T> current() const override;
    awaitable<void> run(executor ex, caller& by) override;
    void stop() override;
    awaitable<result<void>> renew(caller& by) override;
    [[nodiscard]] renewal_status status() const override;
    void observe(renewal_observer o) override;
    /// Has a `run` that sleeps look at the clock, which may have been moved. From any thread.
    void wake();

private:
    /// One asking that `stop` can cut. Held by the coroutines alone: they end with their context, this may not.
    struct asking {
        explicit asking(executor ex)
            : ended(ex, steady_timer::time_point::max()) {}
        asio::cancellation_signal cut;
        steady_timer ended; ///< cancelled when it has
        bool done{false};
        std::optional<result<T>> got{};
    };
    awaitable<result<T>> ask(caller& by);
    awaitable<std::optional<result<T>>> ask_until_stopped(executor ex, caller& by);
    awaitable<void> ask_into(caller& by, std::shared_ptr<asking> a);
    awaitable<void> sleep(executor ex, time_point now, std::chrono::milliseconds wait);
    result<void> take(result<T> got);
    void tell_success(const T& newest, bool first, bool after_failures) const;
    void tell_failure(const error& e) const;

    const std::unique_ptr<source<T>> source_;
    const wall_clock clock_;
    renewal_observer observer_;
    std::weak_ptr<asking> asking_; ///< the one that is under way; on the worker that runs it, as is the next
    bool stopped_{false};
    mutable std::mutex mutex_; ///< guards those below
    std::weak_ptr<alarm> sleeping_;
    std::string source_name_;
    std::shared_ptr<const T> newest_;
    std::string newest_from_; ///< the source's name
    std::optional<error> failure_;
};

/// A `T` that is not asked for before somebody wants one, and from then on is renewed in the background as any other.
template <class T>
class on_demand final : public renewable {
public:
    using snapshot = std::shared_ptr<const T>;

    on_demand(std::unique_ptr<source<T>> from, wall_clock clock);

    /// One that is good now: the one there is, at once; else what the next try comes to, which is made at once where
    /// none was yet. Calls may overlap, on any worker. Errors: those of the source, at once where the last try has
    /// failed; `errc::timeout` (retryable) where nothing is known at `give_up`. It waits for `run` on another worker,
    /// or for a `renew` that came before.
    awaitable<result<snapshot>> get(steady_clock::time_point give_up);

    awaitable<void> run(executor ex, caller& by) override;
    void stop() override;
    awaitable<result<void>> renew(caller& by) override { return inner_.renew(by); }
    [[nodiscard]] renewal_status status() const override { return inner_.status(); }
    void observe(renewal_observer o) override;

private:
    [[nodiscard]] std::optional<result<snapshot>> known() const;
    void want(const std::shared_ptr<alarm>& waiter);
    void wake_run();
    void wake_waiters();

    renewed<T> inner_;
    const wall_clock clock_;
    std::mutex mutex_;          ///< guards those below
    bool wanted_{false};        ///< or stopped: `run` has nothing to wait for
    std::weak_ptr<alarm> idle_; ///< of `run`, which it wakes from waiting for the first who wants one
    std::vector<std::weak_ptr<alarm>> waiters_;
};

extern template class renewed<aws_credentials>;
extern template class renewed<bearer_token>;
extern template class renewed<user_delegation_key>;
extern template class on_demand<user_delegation_key>;

} // namespace sluice::identity
