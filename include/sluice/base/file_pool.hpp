#pragma once

#include <sluice/base/asio.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <type_traits>

namespace sluice {

/// A few threads for what can block on a disk: open, cold reads, writes under throttling, fallocate, punch, unlink.
class file_pool {
public:
    explicit file_pool(unsigned threads)
        : threads_(threads) {}
    file_pool(const file_pool&) = delete;
    file_pool& operator=(const file_pool&) = delete;
    ~file_pool() { join(); }

    /// Runs `f` on a thread of the pool and completes on the caller's worker with what it gives (which must be movable
    /// and not void). `f` must not throw. Not cancellable: it completes when `f` has returned.
    template <class F>
    awaitable<std::invoke_result_t<F&>> run(F f) {
        using value = std::invoke_result_t<F&>;
        auto initiation = [](auto handler, file_pool* self, F work) {
            auto ex = asio::get_associated_executor(handler);
            self->queued_.fetch_add(1, std::memory_order_relaxed);
            asio::post(self->threads_, [self, ex, guard = asio::make_work_guard(ex), work = std::move(work),
                                        handler = std::move(handler)]() mutable {
                value v = work();
                self->queued_.fetch_sub(1, std::memory_order_relaxed);
                asio::post(ex, [handler = std::move(handler), v = std::move(v)]() mutable {
                    std::move(handler)(std::move(v));
                });
            });
        };
        return asio::async_initiate<const asio::use_awaitable_t<executor>, void(value)>(
            std::move(initiation), asio::use_awaitable_t<executor>{}, this, std::move(f));
    }

    /// Runs `f` on a thread of the pool; nobody waits for it.
    template <class F>
    void post(F f) {
        queued_.fetch_add(1, std::memory_order_relaxed);
        asio::post(threads_, [this, work = std::move(f)]() mutable {
            work();
            queued_.fetch_sub(1, std::memory_order_relaxed);
        });
    }

    /// Work handed in and not finished: the measure of how far the disk is behind.
    [[nodiscard]] std::size_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }

    /// Waits for all work handed in. Nothing may be handed in afterwards.
    void join() { threads_.join(); }

private:
    asio::thread_pool threads_;
    std::atomic<std::size_t> queued_{0};
};

} // namespace sluice
