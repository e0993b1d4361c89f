#pragma once

#include <sluice/base/owning_thread.hpp>
#include <sluice/cache/object_cache.hpp>

#include <memory>

namespace sluice::cache {

/// Writes one claimed run of pages: prepare, write …, finish. Where it is destroyed without `finish`, unwritten pages
/// are given up and waiting readers look again.
///
/// Lives on one worker. Readers on any worker can have what it publishes.
class fill_writer {
public:
    fill_writer(object_cache& cache, std::shared_ptr<object> o, std::shared_ptr<fill> f, std::shared_ptr<file> data);
    fill_writer(fill_writer&&) noexcept;
    fill_writer& operator=(fill_writer&&) = delete;
    ~fill_writer();

    /// Reserves and allocates the first block (or less, where the fill is shorter), before the first byte.
    /// Errors: as `object_cache::reserve`, `disk_full`, `disk_error`.
    awaitable<result<void>> prepare();

    /// Writes and publishes `length` bytes at `position()`, or those before `end()`, which may have come nearer since
    /// the caller looked: gives how many. `data` must live until completion. Errors: as `prepare`; the bytes are not
    /// published then.
    awaitable<result<std::size_t>> write(const char* data, std::size_t length);

    /// Ends the fill: complete, or failed with the error that its readers get.
    void finish(result<void> outcome);

    /// Completes when a reader wants what comes next: when the fill is less than `window` bytes, and less than a
    /// quarter of the cache, ahead of the reader that has come furthest. False: no reader wants it any more. `wake`
    /// belongs to the caller's worker.
    awaitable<bool> wait_for_demand(std::uint64_t window, std::shared_ptr<async_event> wake);

    /// Whether a reader wants anything more of it. Never waits.
    [[nodiscard]] bool is_wanted(std::uint64_t window);

    /// A page inside which the fill began is readable only while the fill lasts: completes when no reader is in it any
    /// more. At once for all other fills. `wake` as above.
    awaitable<void> wait_for_first_page_readers(std::shared_ptr<async_event> wake);

    /// The next byte to be written; readers may have all before it.
    [[nodiscard]] std::uint64_t position() const noexcept { return fill_->published; }
    /// One past the last byte of the fill.
    [[nodiscard]] std::uint64_t end() const noexcept { return fill_->end; }
    /// Says when its first byte came or is expected, and how many nanoseconds a byte takes to come: by this, readers
    /// decide whether they wait for it.
    void expect(steady_clock::time_point first_byte, double byte_time);
    /// Whether all of the fill is written.
    [[nodiscard]] bool complete() const noexcept { return fill_->published >= fill_->end; }
    /// See `object::keep_whole`.
    [[nodiscard]] bool is_whole_response() const noexcept { return fill_->is_whole_response; }
    /// The object that is filled.
    [[nodiscard]] const std::shared_ptr<object>& of() const noexcept { return object_; }
    /// Wakes readers for bytes that are fewer than `object::wake_step`; called now and then.
    void flush();

private:
    awaitable<result<void>> reserve(std::uint64_t length);

    [[no_unique_address]] owning_thread thread_;
    object_cache* cache_;
    std::shared_ptr<object> object_;
    std::shared_ptr<fill> fill_;
    std::shared_ptr<file> data_;
    /// The running checksum of the page that is being written; only valid where the fill began at that page's start.
    struct running_sum;
    std::unique_ptr<running_sum> sum_;
    std::uint64_t flushed_{0};
};

} // namespace sluice::cache
