#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/error.hpp>
#include <sluice/base/owning_thread.hpp>
#include <sluice/cache/fill_table.hpp>
#include <sluice/cache/sequential_reads.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::cache {

class object;

/// A running fill that will come to the byte which a reader waits for.
struct fill_ahead {
    std::uint64_t distance{0};             ///< bytes that it has to bring before that byte
    steady_clock::time_point first_byte{}; ///< when its first byte came, or is expected
    double byte_time{0};                   ///< nanoseconds that a byte takes to come
};

/// What a reader can do next. Byte offsets, inclusive.
struct span {
    /// What to do about the range.
    enum class kind : std::uint8_t {
        readable,   ///< [first, last] can be sent now; its blocks are pinned until `release`
        unverified, ///< [first, last] lies in pages that this process has not checked yet: `object_cache::verify`
        wait,       ///< wait for the reader's event, then ask again
        absent,     ///< [first, last] is neither there nor being fetched: claim it
        failed      ///< the fill that the reader waited for has failed: `outcome`
    };
    kind what{kind::wait};
    std::uint64_t first{0};
    std::uint64_t last{0};
    result<void> outcome{}; ///< the error of that fill where it has failed
    /// Where a fill is waited for that `object::take_over` can cut at this page.
    std::optional<fill_ahead> ahead{};
};

/// One request that is being sent a range of an object: its position, its end, and the blocks that it pins.
///
/// Lives on one worker. What fills of other workers read of it is guarded by its object's mutex.
class reader {
public:
    reader(std::shared_ptr<object> o, executor ex, std::uint64_t first, std::uint64_t last);
    ~reader();
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    /// What can be done at `position` (at most `last`); unpins what the last call had pinned, and lets fills know how
    /// far this reader is.
    span next(std::uint64_t position);
    /// Unpins.
    void release();
    /// Unpins, and counts as no reader until `next` is called again: for a client that takes next to nothing, so that
    /// neither blocks nor fills are kept for it.
    void suspend();

    /// From the next call of `next` on, fills are not further ahead of this reader than `bytes`.
    void limit_ahead(std::uint64_t bytes) noexcept { window_ = bytes; }
    /// The sequential run of requests this one continues, if any.
    [[nodiscard]] const std::optional<sequence>& preceding() const noexcept { return preceding_; }
    /// Its range, whose request came to the object at `began`, was sent whole by `now`: the next reader may go on with
    /// it.
    void note_sent(steady_clock::time_point began, steady_clock::time_point now) noexcept { sent_.emplace(began, now); }

    /// Completes when something changed that `next` waited for.
    awaitable<void> wait() { return state_.wake->wait(); }
    /// The same, but completes at `until` at the latest.
    awaitable<void> wait_until(steady_clock::time_point until) { return state_.wake->wait_until(until); }
    /// Completes a pending `wait`. On the reader's worker.
    void interrupt() { state_.wake->notify(); }

    /// The object that is read.
    [[nodiscard]] object& of() const noexcept { return *object_; }
    /// The same, to be kept.
    [[nodiscard]] const std::shared_ptr<object>& shared() const noexcept { return object_; }

private:
    friend class object;
    void begin_wait();
    std::shared_ptr<object> object_;
    [[no_unique_address]] owning_thread thread_;
    executor executor_;
    reader_state state_;
    const std::uint64_t first_;
    std::uint64_t window_{UINT64_MAX};
    std::optional<sequence> preceding_;
    std::optional<std::pair<steady_clock::time_point, steady_clock::time_point>> sent_{}; // began and ended
    std::optional<std::pair<std::size_t, std::size_t>> pinned_;                           // blocks, inclusive
};

} // namespace sluice::cache
