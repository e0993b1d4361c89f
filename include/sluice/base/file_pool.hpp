#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/scoped_count.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace sluice {

/// A few threads for what can block on a disk: open, cold reads, writes under throttling, fallocate, punch, unlink.
class file_pool {
public:
    /// Starts so many threads.
    explicit file_pool(unsigned threads)
        : threads_(threads) {}
    file_pool(const file_pool&) = delete;
    file_pool& operator=(const file_pool&) = delete;
    ~file_pool() { join(); }

    /// Runs `f` on a thread of the pool and completes on the caller's worker with its result (movable, not void), or
    /// throws what it throws. Not cancellable: it completes when `f` has returned.
    template <class F>
    awaitable<std::invoke_result_t<F&>> run(F f) {
        using value = std::invoke_result_t<F&>;
        auto initiation = [](auto handler, file_pool* self, F work) {
            auto ex = asio::get_associated_executor(handler);
            asio::post(self->threads_, [ex, place = scoped_count(self->queued_), guard = asio::make_work_guard(ex),
                                        work = std::move(work), handler = std::move(handler)]() mutable {
                std::optional<value> v;
                std::exception_ptr thrown;
                try {
                    v.emplace(work());
                } catch (...) {
                    thrown = std::current_exception();
                }
                place.leave();
                asio::post(ex, [handler = std::move(handler), v = std::move(v), thrown]() mutable {
                    std::move(handler)(thrown, std::move(v));
                });
            });
        };
        const asio::use_awaitable_t<executor> token;
        auto done = co_await asio::async_initiate<const asio::use_awaitable_t<executor>,
                                                  void(std::exception_ptr, std::optional<value>)>(
            std::move(initiation), token, this, std::move(f));
        co_return std::move(*done);
    }

    /// Runs `f` on a thread of the pool; nobody waits for it, and what it throws is dropped.
    template <class F>
    void post(F f) {
        asio::post(threads_, [place = scoped_count(queued_), work = std::move(f)]() mutable {
            try {
                work();
            } catch (...) { // NOLINT(bugprone-empty-catch): nobody waits for the result
            }
        });
    }

    /// Jobs that are queued or running: how far the disk is behind.
    [[nodiscard]] std::size_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }

    /// Waits for all jobs. None may be queued afterwards.
    void join() { threads_.join(); }

private:
    std::atomic<std::size_t> queued_{0}; // before the threads, whose jobs that never ran count down at the end
    asio::thread_pool threads_;
};

} // namespace sluice
