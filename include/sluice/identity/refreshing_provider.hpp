#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/base/clock.hpp>
#include <sluice/base/mutex.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/refresh_schedule.hpp>
#include <sluice/identity/source.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sluice::identity {

/// What is known of a credential, for `sluice check --online` and the log. No secret.
struct refresh_status {
    std::string source;
    std::string who;
    std::optional<time_point> expires{};
    result<void> last_attempt{}; ///< a success before the first one
};

/// Called as things happen; may be called from any thread.
struct refresh_observer {
    std::function<void(bool ok)> tried = [](bool) {};
    std::function<void(std::optional<time_point> expires)> published = [](std::optional<time_point>) {};
};

/// A credential that is refreshed in the background. One worker runs it.
class refreshable {
public:
    virtual ~refreshable() = default;
    /// Refreshes before each expiry until `stop`: see `refresh_schedule`. Neither a failure nor a credential that comes
    /// expired ever replaces a valid one, nor does one that expires earlier (unless the valid one has no expiry, comes
    /// from another source, or does not say whom it stands for where the new one does). An unchanged credential is not
    /// published again. `client` must live until completion; one `run` at a time.
    virtual awaitable<void> run(executor ex, http_client& client) = 0;
    /// Ends `run` soon: a request under way is cancelled (a name look-up lasts until the request's timeout). On the
    /// worker that runs it, and for good: a later `run` ends at once.
    virtual void stop() = 0;
    /// Requests the credential once, now. For commands; not beside `run`.
    virtual awaitable<result<void>> refresh(http_client& client) = 0;
    /// From any thread.
    [[nodiscard]] virtual refresh_status status() const = 0;
    /// Before `run` and `refresh`.
    virtual void observe(refresh_observer o) = 0;
};

/// True where `t` can be used at `now`.
template <class T>
[[nodiscard]] bool is_valid(const std::shared_ptr<const T>& t, time_point now) {
    return t && (!t->expires || *t->expires > now);
}

/// A `T` from a `source`, refreshed in the background; a provider for signers on any thread.
template <class T>
class refreshing_provider final : public provider<T>, public refreshable {
public:
    /// `store`: whose credential it is, for the log.
    refreshing_provider(std::unique_ptr<source<T>> from, wall_clock clock, std::string store = {});
    ~refreshing_provider() override;
    [[nodiscard]] std::shared_ptr<const T> current() const override;
    awaitable<void> run(executor ex, http_client& client) override;
    void stop() override;
    awaitable<result<void>> refresh(http_client& client) override;
    [[nodiscard]] refresh_status status() const override;
    void observe(refresh_observer o) override;
    /// Makes a `run` that sleeps look at the clock, which may have been changed. From any thread.
    void wake();

private:
    /// One fetch that `stop` can cancel. Held by the coroutines alone: they end with their context, this object may
    /// not.
    struct pending_fetch {
        explicit pending_fetch(executor ex)
            : ended(ex, steady_timer::time_point::max()) {}
        asio::cancellation_signal cancel;
        steady_timer ended; ///< cancelled when the fetch has ended
        bool done{false};
        std::optional<result<T>> got{};
    };
    /// What `publish` did with a fetched credential.
    struct outcome {
        bool first{false};          ///< there was none before
        bool published{false};      ///< else the current one stays
        bool after_failures{false}; ///< the attempt before failed
    };
    awaitable<result<T>> fetch(http_client& client);
    awaitable<std::optional<result<T>>> fetch_until_stopped(executor ex, http_client& client);
    awaitable<void> fetch_into(http_client& client, std::shared_ptr<pending_fetch> into);
    awaitable<void> sleep(executor ex, time_point now, std::chrono::milliseconds wait);
    result<void> accept(result<T> got);
    outcome publish(const std::shared_ptr<const T>& fresh, time_point now) EXCLUDES(mutex_);
    bool note_failure(const error& e) EXCLUDES(mutex_);
    void log_success(const T& current, const outcome& o) const;
    void log_failure(const error& e) const;

    const std::unique_ptr<source<T>> source_;
    const wall_clock clock_;
    const std::string store_;
    refresh_observer observer_;
    std::weak_ptr<pending_fetch> pending_; ///< on the worker that runs it, as is the next
    bool stopped_{false};
    mutable mutex mutex_;
    std::weak_ptr<async_event> sleeping_ GUARDED_BY(mutex_);
    std::string source_name_ GUARDED_BY(mutex_);
    std::shared_ptr<const T> current_ GUARDED_BY(mutex_);
    std::string current_from_ GUARDED_BY(mutex_); ///< the name of the source of `current_`
    result<void> last_attempt_ GUARDED_BY(mutex_);
};

extern template class refreshing_provider<aws_credentials>;
extern template class refreshing_provider<bearer_token>;
extern template class refreshing_provider<user_delegation_key>;

} // namespace sluice::identity
