#pragma once

#include <sluice/base/event.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice {

/// One piece of work a key at a time: who comes first leads and does it, all others wait for what it gives.
///
/// Shared by all workers. `Value` must be copyable.
template <class Value>
class single_flight {
    struct flight {
        std::mutex mutex;
        std::optional<Value> value;
        std::vector<std::shared_ptr<event>> waiters;
    };

public:
    /// A place in a flight. A leader that ends without `land` gives its followers `abandoned`.
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

        /// The leader's: hands `value` to all who wait, and lets the next comer lead anew.
        void land(Value value) {
            leads_ = false;
            {
                const std::lock_guard lock(owner_->mutex_);
                take_out();
            }
            const std::lock_guard lock(flight_->mutex);
            flight_->value = std::move(value);
            for (const auto& each : flight_->waiters) {
                each->notify();
            }
            flight_->waiters.clear();
        }

        /// The leader's: where nobody else is in the flight, lets nobody join it any more (the next comer leads anew),
        /// so that the work can be given up. False where somebody is.
        [[nodiscard]] bool close_if_alone() {
            const std::lock_guard lock(owner_->mutex_);
            if (flight_.use_count() > (listed_ ? 2 : 1)) { // the table's and ours; more come under this lock alone
                return false;
            }
            take_out();
            return true;
        }

        /// A follower's: completes when the leader has landed. `ex` is the caller's worker.
        awaitable<Value> wait(executor ex) {
            const auto wake = std::make_shared<event>(ex);
            auto value = co_await wait_unless(wake, [] { return false; });
            co_return std::move(*value);
        }

        /// The same, but gives nullopt where `given_up()` holds when the caller notifies `wake`. `wake` is of the
        /// caller's worker.
        template <class GivenUp>
        awaitable<std::optional<Value>> wait_unless(std::shared_ptr<event> wake, GivenUp given_up) {
            bool enlisted = false;
            for (;;) {
                {
                    const std::lock_guard lock(flight_->mutex);
                    if (flight_->value) {
                        co_return flight_->value;
                    }
                    if (!enlisted) {
                        flight_->waiters.push_back(wake);
                        enlisted = true;
                    }
                }
                if (given_up()) {
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
        /// Out of the table; under the owner's lock.
        void take_out() {
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

    ticket enter(std::string key) {
        const std::lock_guard lock(mutex_);
        auto& slot = flights_[key];
        const bool leads = slot == nullptr;
        if (leads) {
            slot = std::make_shared<flight>();
        }
        return ticket(this, std::move(key), slot, leads); // cannot throw: a flight without a leader would never land
    }

private:
    const Value abandoned_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<flight>> flights_;
};

} // namespace sluice
