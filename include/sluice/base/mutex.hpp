#pragma once

#include <sluice/base/thread_annotations.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sluice {

/// A `std::mutex` that clang's thread-safety analysis knows: what it guards says `GUARDED_BY(mutex_)`.
class CAPABILITY("mutex") mutex {
public:
    mutex() = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;

    void lock() ACQUIRE() { mutex_.lock(); }
    void unlock() RELEASE() { mutex_.unlock(); }
    /// As of `std::mutex`.
    [[nodiscard]] bool try_lock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }

private:
    friend class mutex_lock;
    std::mutex mutex_;
};

/// Holds a mutex from its construction to its end, but for what lies between `unlock` and `lock`.
class SCOPED_CAPABILITY mutex_lock {
public:
    /// Locks `m` until this ends.
    explicit mutex_lock(mutex& m) ACQUIRE(m)
        : lock_(m.mutex_) {}
    mutex_lock(const mutex_lock&) = delete;
    mutex_lock& operator=(const mutex_lock&) = delete;
    ~mutex_lock() RELEASE() = default;

    void lock() ACQUIRE() { lock_.lock(); }
    void unlock() RELEASE() { lock_.unlock(); }

private:
    friend class condition_variable;
    std::unique_lock<std::mutex> lock_;
};

/// A `std::condition_variable` for a `mutex_lock`. Without waits that take a predicate: the analysis does not know in a
/// lambda what its caller holds, so a loop asks for the condition. A wait may end without a notification.
class condition_variable {
public:
    /// As of `std::condition_variable`.
    void notify_one() noexcept { changed_.notify_one(); }
    /// As of `std::condition_variable`.
    void notify_all() noexcept { changed_.notify_all(); }

    /// Lets go of the mutex while it waits, and holds it again when it returns.
    void wait(mutex_lock& lock) { changed_.wait(lock.lock_); }
    template <class Clock, class Duration>
    std::cv_status wait_until(mutex_lock& lock, const std::chrono::time_point<Clock, Duration>& until) {
        return changed_.wait_until(lock.lock_, until);
    }
    template <class Rep, class Period>
    std::cv_status wait_for(mutex_lock& lock, const std::chrono::duration<Rep, Period>& longest) {
        return changed_.wait_for(lock.lock_, longest);
    }

private:
    std::condition_variable changed_;
};

} // namespace sluice
