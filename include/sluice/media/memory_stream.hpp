#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/base/mutex.hpp>
#include <sluice/media/memory_ring.hpp>
#include <sluice/origin/fetch.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::media {

class memory_stream;
class memory_streams;

/// What a follower can do next.
struct memory_span {
    /// What to do about the byte that it is at.
    enum class kind : std::uint8_t {
        readable,    ///< `bytes` can be sent; they are kept until the next call
        wait,        ///< wait, then ask again
        left_behind, ///< it was slower than others: its bytes are gone, and it needs another transfer from here on
        ended        ///< no more will come: `outcome`
    };
    kind what{kind::wait};
    std::string_view bytes{};
    result<void> outcome{};
};

/// One client that is sent bytes of a transfer past the cache. Lives on one worker; leaves the transfer at its end.
class memory_follower {
public:
    /// `position`: its first byte, `end`: one past its last one, see `want`.
    memory_follower(std::shared_ptr<memory_stream> of, executor ex, std::uint64_t position, std::uint64_t end);
    ~memory_follower();
    memory_follower(const memory_follower&) = delete;
    memory_follower& operator=(const memory_follower&) = delete;

    /// What it follows.
    [[nodiscard]] const std::shared_ptr<memory_stream>& stream() const noexcept { return stream_; }
    /// Says which bytes are wanted: until then none are, but the transfer does not end.
    void want(const http::byte_range& bytes);
    /// What can be done at `position`, which is in what is wanted. Gives back what the last call gave.
    [[nodiscard]] memory_span next(std::uint64_t position);
    /// Completes when something changed that `next` waited for, or at `until`.
    awaitable<void> wait(steady_clock::time_point until) { return wake_->wait_until(until); }
    /// Completes a pending `wait`. On the follower's worker.
    void interrupt() { wake_->notify(); }

private:
    friend class memory_stream;
    const std::shared_ptr<memory_stream> stream_;
    const std::shared_ptr<async_event> wake_;
    // Guarded by the stream's mutex:
    std::uint64_t position_;
    std::uint64_t end_;                               ///< one past the last byte wanted; `position_`: none yet
    std::shared_ptr<const memory_ring::piece> piece_; ///< that is being sent
    bool waits_{false};
    bool left_behind_{false};
};

/// One transfer past the cache, whose last bytes lie in memory, for all who follow it. Its own coroutine reads from the
/// store; it belongs to no client, and ends when nobody follows it.
class memory_stream : public std::enable_shared_from_this<memory_stream> {
public:
    /// What the transfer is of. Does not change.
    struct description {
        std::string object;                ///< the store's identity and the key, see `memory_streams::key_of`
        origin::object_head head;          ///< of the store's answer
        std::uint64_t purges_seen{0};      ///< `object_cache::changes` before the app allowed it to who began it
        errc why{};                        ///< why it is past the cache
        steady_clock::time_point received; ///< when the head came
        bool goes_on{true};                ///< another GET may go on with it, where there is a validator
        std::uint64_t app_version{0};      ///< what the app had called it, see `media_request::app_version`

        /// Whether another GET of the same version can go on with it.
        [[nodiscard]] bool is_resumable() const noexcept { return goes_on && !head.validator.empty(); }
        /// One past the last byte that it can bring.
        [[nodiscard]] std::uint64_t bound() const noexcept { return is_resumable() ? head.size : head.bytes.last + 1; }
    };

    /// `producer`: the worker of its coroutine.
    memory_stream(memory_streams& owner, memory_ring ring, description about, executor producer);
    memory_stream(const memory_stream&) = delete;
    memory_stream& operator=(const memory_stream&) = delete;
    ~memory_stream() = default;

    [[nodiscard]] const description& about() const noexcept { return about_; }
    /// Whether another GET of the same version can go on with it.
    [[nodiscard]] bool is_resumable() const noexcept { return about_.is_resumable(); }

    /// Who began it, on the worker `ex`.
    [[nodiscard]] std::unique_ptr<memory_follower> begin_following(executor ex);
    /// Joins it for `wanted` where that is sooner than a request of one's own (see `follows_stream`); else nullptr.
    [[nodiscard]] std::unique_ptr<memory_follower> try_follow(executor ex, const http::byte_range& wanted,
                                                              const own_request& own);

    /// Keeps it although nothing is wanted of it; nullptr where it has ended.
    [[nodiscard]] std::unique_ptr<memory_follower> try_hold(executor ex);
    /// The same for a client whose conditions are answered by its head; nullptr too where it has been complete for so
    /// long that the store is asked anew (`max_complete`).
    [[nodiscard]] std::unique_ptr<memory_follower> try_look(executor ex);

    // For its coroutine alone:

    /// What to do next.
    struct step {
        /// What that is.
        enum class kind : std::uint8_t {
            read, ///< the next bytes, into `room`
            wait, ///< until something changed, or `until`
            end   ///< nobody follows any more
        };
        kind what{kind::wait};
        std::span<char> room{};
        steady_clock::time_point until{steady_clock::time_point::max()};
    };
    [[nodiscard]] step next_step(steady_clock::time_point now);
    /// The first `n` bytes of that room came; a byte takes `each`.
    void commit(std::size_t n, origin::byte_time each);
    /// A GET begins that brings the bytes up to before `end`.
    void begin_get(std::uint64_t end);
    /// The offset of the next byte.
    [[nodiscard]] std::uint64_t position() const;
    /// One past the last byte that anybody wants.
    [[nodiscard]] std::uint64_t wanted_end() const;
    /// Whether anybody follows.
    [[nodiscard]] bool is_followed() const;
    /// The same, and the next `wait` completes when that may have changed.
    [[nodiscard]] bool awaits_followers();
    /// Completes the `wait` of its coroutine. On its worker.
    void interrupt() { wake_->notify(); }
    /// No more will come.
    void end(result<void> outcome);
    /// Completes when `next_step` may have changed, or at `until`.
    awaitable<void> wait(steady_clock::time_point until) { return wake_->wait_until(until); }

private:
    friend class memory_follower;
    memory_span next(memory_follower& f, std::uint64_t position);
    void want(memory_follower& f, const http::byte_range& bytes);
    void leave(memory_follower& f);
    void wake_producer() REQUIRES(mutex_);
    void wake_followers() REQUIRES(mutex_);
    /// What its followers want, all together.
    struct demand {
        std::uint64_t end{0};                  ///< one past the last byte that should be read now
        std::uint64_t needed_from{UINT64_MAX}; ///< the first byte that anybody is still to be sent
        bool is_waiting{false};                ///< somebody has been sent all that there is
    };
    [[nodiscard]] demand demand_now() const REQUIRES(mutex_);
    void note_held(steady_clock::time_point now, const demand& d, bool is_held) REQUIRES(mutex_);
    [[nodiscard]] held_back held_until(steady_clock::time_point now, const demand& d) const REQUIRES(mutex_);
    void leave_first_piece_behind() REQUIRES(mutex_);

    memory_streams& owner_;
    const description about_;
    const std::shared_ptr<async_event> wake_;
    mutable mutex mutex_;
    memory_ring ring_ GUARDED_BY(mutex_);
    std::vector<memory_follower*> followers_ GUARDED_BY(mutex_); ///< without those left behind
    std::uint64_t get_end_ GUARDED_BY(mutex_);                   ///< one past the last byte of the GET that runs
    origin::byte_time each_ GUARDED_BY(mutex_){25};
    std::optional<steady_clock::time_point> held_since_ GUARDED_BY(mutex_){};
    std::uint64_t held_at_ GUARDED_BY(mutex_){0}; ///< where the last ones were then
    held_back held_ GUARDED_BY(mutex_){};         ///< until `held_since_`, without `running` and `read`
    steady_clock::time_point counted_since_ GUARDED_BY(mutex_){steady_clock::now()}; ///< what `held_` is about
    std::uint64_t counted_from_ GUARDED_BY(mutex_);                                  ///< likewise, its first byte
    std::optional<result<void>> outcome_ GUARDED_BY(mutex_){};
    std::optional<steady_clock::time_point> complete_since_ GUARDED_BY(mutex_){}; ///< all that it brings has come
    bool producer_waits_ GUARDED_BY(mutex_){false};
    bool closed_ GUARDED_BY(mutex_){false}; ///< nobody can follow any more
};

} // namespace sluice::media
