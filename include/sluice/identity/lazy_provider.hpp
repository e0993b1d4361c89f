#pragma once

#include <sluice/identity/refreshing_provider.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::identity {

/// A `T` that is not requested before somebody needs it, and from then on is refreshed in the background as any other.
template <class T>
class lazy_provider final : public refreshable {
public:
    /// An immutable credential.
    using snapshot = std::shared_ptr<const T>;

    /// As `refreshing_provider`.
    lazy_provider(std::unique_ptr<source<T>> from, wall_clock clock, std::string store = {});

    /// A valid credential: the current one, at once; else the result of the next attempt, which is made at once where
    /// none was yet. Calls may overlap, on any worker. Errors: those of the source, at once where the last attempt
    /// failed; `errc::timeout` (retryable) where there is no result at `deadline`. It waits for `run` on another
    /// worker, or for an earlier `refresh`.
    awaitable<result<snapshot>> get(steady_clock::time_point deadline);

    awaitable<void> run(executor ex, http_client& client) override;
    void stop() override;
    awaitable<result<void>> refresh(http_client& client) override { return inner_.refresh(client); }
    [[nodiscard]] refresh_status status() const override { return inner_.status(); }
    void observe(refresh_observer o) override;

private:
    [[nodiscard]] std::optional<result<snapshot>> known() const;
    void request(const std::shared_ptr<async_event>& waiter) EXCLUDES(mutex_);
    void wake_run() EXCLUDES(mutex_);
    void wake_waiters() EXCLUDES(mutex_);

    refreshing_provider<T> inner_;
    const wall_clock clock_;
    mutex mutex_;
    bool requested_ GUARDED_BY(mutex_){false};           ///< or stopped: `run` has nothing to wait for
    std::weak_ptr<async_event> idle_ GUARDED_BY(mutex_); ///< on which `run` waits for the first `get`
    std::vector<std::weak_ptr<async_event>> waiters_ GUARDED_BY(mutex_);
};

extern template class lazy_provider<user_delegation_key>;

} // namespace sluice::identity
