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
    struct flight {
        mutex guard;
        std::optional<Value> value GUARDED_BY(guard);
        std::vector<std::shared_ptr<async_event>> waiters GUARDED_BY(guard);
    };

public:
    /// A part in a flight. A leader that is destroyed without `land` gives its followers `abandoned`.
    class ticket {
    public:
        ticket(ticket&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr))
            , key_(std::move(other.key_))
            , flight_(std::move(other.flight_))
            , leads_(std::exchange(other.leads_, false))
            , listed_(std::exchange(other.listed_, false)) {}
        ticket& operator=(ticket&&) = delete;
        ~ticket() {
            if (leads_) {
                land(owner_->abandoned_);
            }
        }

        [[nodiscard]] bool leads() const noexcept { return leads_; }

        /// The leader's: gives `value` to all followers; the next comer leads a new flight.
        void land(Value value) {
            leads_ = false;
            {
                const mutex_lock lock(owner_->mutex_);
                take_out();
            }
            const mutex_lock lock(flight_->guard);
            SLUICE_ASSERT(!flight_->value);
            flight_->value = std::move(value);
            for (const auto& each : flight_->waiters) {
                each->notify();
            }
            flight_->waiters.clear();
        }

        /// The leader's: where nobody follows, closes the flight to later comers (the next one leads a new flight), so
        /// that the work can be canceled. False where somebody follows.
        [[nodiscard]] bool close_if_alone() {
            const mutex_lock lock(owner_->mutex_);
            if (flight_.use_count() > (listed_ ? 2 : 1)) { // the table's and ours; more come under this lock alone
                return false;
            }
            take_out();
            return true;
        }

        /// A follower's: completes when the leader has landed. `ex` is the caller's worker.
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
                    const mutex_lock lock(flight_->guard);
                    if (flight_->value) {
                        co_return flight_->value;
                    }
                    if (!enlisted) {
                        flight_->waiters.push_back(wake);
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
        ticket(single_flight* owner, std::string key, std::shared_ptr<flight> f, bool leads)
            : owner_(owner)
            , key_(std::move(key))
            , flight_(std::move(f))
            , leads_(leads) {}
        /// Takes the flight out of the table: the next comer leads a new one.
        void take_out() REQUIRES(owner_->mutex_) {
            if (std::exchange(listed_, false)) {
                owner_->flights_.erase(key_);
            }
        }

        single_flight* owner_;
        std::string key_;
        std::shared_ptr<flight> flight_;
        bool leads_;
        bool listed_{leads_}; // the leader's: it is in the table
    };

    explicit single_flight(Value abandoned)
        : abandoned_(std::move(abandoned)) {}

    /// Joins the flight of `key`, or leads a new one.
    ticket enter(std::string key) {
        const mutex_lock lock(mutex_);
        auto& slot = flights_[key];
        const bool leads = slot == nullptr;
        if (leads) {
            slot = std::make_shared<flight>();
        }
        return ticket(this, std::move(key), slot, leads); // cannot throw: a flight without a leader would never land
    }

private:
    const Value abandoned_;
    mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<flight>> flights_ GUARDED_BY(mutex_);
};

} // namespace sluice
