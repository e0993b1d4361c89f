#pragma once

#include <sluice/base/assert.hpp>
#include <sluice/base/async_event.hpp>
#include <sluice/base/mutex.hpp>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice {

/// One call a key at a time (as Go's `singleflight`): the first comer leads and does the work, all others follow and
/// get its result.
///
/// Shared by all workers. `Value` must be copyable.
template <class Value>
class single_flight {
    struct shared_state {
        mutex guard;
        std::optional<Value> value GUARDED_BY(guard);
        std::vector<std::shared_ptr<async_event>> waiters GUARDED_BY(guard);
    };

public:
    /// What a caller has of the call: it leads or follows. A leader that is destroyed without `complete` gives its
    /// followers `abandoned`.
    class flight {
    public:
        using value_type = Value; ///< what all get

        flight(flight&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr))
            , key_(std::move(other.key_))
            , state_(std::move(other.state_))
            , leads_(std::exchange(other.leads_, false))
            , listed_(std::exchange(other.listed_, false)) {}
        flight& operator=(flight&&) = delete;
        ~flight() {
            if (leads_) {
                complete(owner_->abandoned_);
            }
        }

        /// Whether the caller is to do the work, and to call `complete`.
        [[nodiscard]] bool leads() const noexcept { return leads_; }

        /// The leader's: gives `value` to all followers; the next comer leads a new flight.
        void complete(Value value) {
            leads_ = false;
            {
                const mutex_lock lock(owner_->mutex_);
                take_out();
            }
            const mutex_lock lock(state_->guard);
            SLUICE_ASSERT(!state_->value);
            state_->value = std::move(value);
            for (const auto& each : state_->waiters) {
                each->notify();
            }
            state_->waiters.clear();
        }

        /// The leader's: where nobody follows, closes the flight to later comers (the next one leads a new flight), so
        /// that the work can be canceled. False where somebody follows.
        [[nodiscard]] bool close_if_alone() {
            const mutex_lock lock(owner_->mutex_);
            if (state_.use_count() > (listed_ ? 2 : 1)) { // the table's and ours; more come under this lock alone
                return false;
            }
            take_out();
            return true;
        }

        /// A follower's: completes when the leader has called `complete`. `ex` is the caller's worker.
        awaitable<Value> wait(executor ex) {
            const auto wake = std::make_shared<async_event>(ex);
            auto value = co_await wait_unless(wake, [] { return false; });
            co_return std::move(*value);
        }

        /// The same, but gives nullopt where `is_canceled()` holds when the caller notifies `wake`, which is of the
        /// caller's worker.
        template <class IsCanceled>
        awaitable<std::optional<Value>> wait_unless(std::shared_ptr<async_event> wake, IsCanceled is_canceled) {
            bool enlisted = false;
            for (;;) {
                {
                    const mutex_lock lock(state_->guard);
                    if (state_->value) {
                        co_return state_->value;
                    }
                    if (!enlisted) {
                        state_->waiters.push_back(wake);
                        enlisted = true;
                    }
                }
                if (is_canceled()) {
                    co_return std::nullopt;
                }
                co_await wake->wait();
            }
        }

    private:
        friend class single_flight;
        flight(single_flight* owner, std::string key, std::shared_ptr<shared_state> f, bool leads)
            : owner_(owner)
            , key_(std::move(key))
            , state_(std::move(f))
            , leads_(leads) {}
        /// Takes the flight out of the table: the next comer leads a new one.
        void take_out() REQUIRES(owner_->mutex_) {
            if (std::exchange(listed_, false)) {
                owner_->flights_.erase(key_);
            }
        }

        single_flight* owner_;
        std::string key_;
        std::shared_ptr<shared_state> state_;
        bool leads_;
        bool listed_{leads_}; // the leader's: it is in the table
    };

    /// `abandoned`: what followers get whose leader left without a value.
    explicit single_flight(Value abandoned)
        : abandoned_(std::move(abandoned)) {}

    /// Joins the flight of `key`, or leads a new one.
    flight join(std::string key) {
        const mutex_lock lock(mutex_);
        auto& slot = flights_[key];
        const bool leads = slot == nullptr;
        if (leads) {
            slot = std::make_shared<shared_state>();
        }
        return flight(this, std::move(key), slot,
                      leads); // cannot throw: a flight without a leader would never complete
    }

private:
    const Value abandoned_;
    mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<shared_state>> flights_ GUARDED_BY(mutex_);
};

} // namespace sluice
