#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/base/mutex.hpp>

#include <boost/intrusive/list.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sluice::media {

/// A mutex for each key, which is handed on in the order in which it was asked for. From any thread, for all workers;
/// nobody blocks, whoever waits is notified. A key takes memory only while somebody holds a ticket for it.
class keyed_mutex {
    using hook = boost::intrusive::list_base_hook<>;

public:
    /// A place in a key's queue, whose first owns the lock. Destroying it passes the lock on. To be destroyed before
    /// its `keyed_mutex`.
    class [[nodiscard]] ticket : public hook {
    public:
        /// At the queue's end. `wake` is notified when the lock is handed on to it; not where it is free at once.
        ticket(keyed_mutex& owner, const std::string& key, std::shared_ptr<async_event> wake);
        ticket(const ticket&) = delete;
        ticket& operator=(const ticket&) = delete;
        ~ticket();

        [[nodiscard]] bool owns_lock() const;
        /// Whether others wait behind it.
        [[nodiscard]] bool is_contended() const;

    private:
        friend class keyed_mutex;
        keyed_mutex& owner_;
        std::shared_ptr<async_event> wake_;
        std::map<std::string, boost::intrusive::list<ticket>, std::less<>>::iterator queue_;
    };

    /// How many keys somebody holds a ticket for.
    [[nodiscard]] std::size_t size() const;

private:
    mutable mutex mutex_;
    std::map<std::string, boost::intrusive::list<ticket>, std::less<>> queues_ GUARDED_BY(mutex_);
};

} // namespace sluice::media
