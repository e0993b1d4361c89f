#pragma once

#include <sluice/base/mutex.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/media/memory_stream.hpp>
#include <sluice/metrics/metrics.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::media {

/// The transfers past the cache that run now, by object, and the memory that they share. Of all workers; lives as long
/// as they do.
class memory_streams {
public:
    /// Requests that are asked together; a follower's error is the leader's. The transfer that answers is held until
    /// all have looked at it, even where the leader wants nothing of it (its conditions came to a 304); nullptr: it is
    /// the leader's alone.
    using questions = single_flight<result<std::shared_ptr<memory_follower>>>;

    /// `limit`: `cache.memory`, in bytes; 0: nothing is shared.
    memory_streams(std::uint64_t limit, metrics::metrics& counters)
        : memory_(limit)
        , counters_(counters) {}

    /// Whether anything is shared.
    [[nodiscard]] bool is_on() const noexcept { return memory_.limit() != 0; }
    /// Whether another transfer may find room: a small one needs no more than this.
    [[nodiscard]] bool has_room() const noexcept { return memory_.used() + memory_piece <= memory_.limit(); }
    /// Whether half of the memory is taken, and none of it is for what only may be wanted again.
    [[nodiscard]] bool is_crowded() const noexcept { return memory_.used() > memory_.limit() / 2; }
    /// Whether any runs. Cheap.
    [[nodiscard]] bool any() const noexcept { return count_.load(std::memory_order_relaxed) != 0; }
    /// What each may have.
    [[nodiscard]] std::uint64_t capacity() const noexcept {
        return ring_capacity(memory_.limit(), large_.load(std::memory_order_relaxed));
    }
    /// Bytes that are charged now.
    [[nodiscard]] std::uint64_t used_bytes() const noexcept { return memory_.used(); }

    /// Begins one, whose coroutine and first follower are on the worker `ex`; nullptr, and counted, where there is no
    /// room.
    [[nodiscard]] std::unique_ptr<memory_follower> begin(memory_stream::description about, executor ex);
    /// Those of an object, the newest first.
    [[nodiscard]] std::vector<std::shared_ptr<memory_stream>> of(const std::string& object) const;
    /// Those of the version that the store's last answer was of, the newest first: while they run, whoever comes gets
    /// none that is older.
    [[nodiscard]] std::vector<std::shared_ptr<memory_stream>> latest_of(const std::string& object) const;
    /// It can be followed no more.
    void remove(const memory_stream& s);

    /// Who asks together.
    [[nodiscard]] questions& asked() noexcept { return asked_; }
    [[nodiscard]] metrics::metrics& counters() const noexcept { return counters_; }

private:
    struct of_object {
        std::string validator{}; ///< of the last answer
        std::uint64_t size{0};   ///< likewise
        std::vector<std::shared_ptr<memory_stream>> streams{};
    };

    cache::budget memory_;
    metrics::metrics& counters_;
    questions asked_{error{errc::canceled, error_source::internal, true}};
    std::atomic<std::size_t> count_{0};
    std::atomic<std::size_t> large_{0}; ///< of these, those whose rings may grow
    mutable mutex mutex_;
    std::unordered_map<std::string, of_object> running_ GUARDED_BY(mutex_);
};

} // namespace sluice::media
