#pragma once

#include <sluice/cache/object_cache.hpp>
#include <sluice/media/memory_streams.hpp>
#include <sluice/media/slot_limit.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/origin/fetch.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

/// Fills: ranged GETs whose bytes go into the cache. They belong to no request; readers follow them.
namespace sluice::media {

/// A fill that runs on a worker.
class running_fill {
public:
    running_fill() = default;
    running_fill(const running_fill&) = delete;
    running_fill& operator=(const running_fill&) = delete;
    virtual ~running_fill() = default;
    /// Called by the worker's tick: wakes readers for bytes that do not make a step, and ends a wait for the origin
    /// that nobody wants any more.
    virtual void tick() = 0;
};

/// What the fills of one worker need. Lives as long as the worker; on its thread only.
struct fill_context {
    session::worker_context& worker;
    cache::object_cache& cache;
    net::connection_pool& origin_pool;
    slot_limit& slots;                    ///< `limits.fills`, of all workers
    memory_streams& memory;               ///< for what goes past the cache, of all workers
    std::uint64_t read_ahead;             ///< `cache.read_ahead`, in bytes
    std::vector<running_fill*> running{}; ///< for the worker's tick
};

/// What came of beginning a fill.
enum class fill_start : std::uint8_t {
    started,
    already_claimed ///< somebody else claimed the first page meanwhile
};

/// Which pages a fill begins with, and for whom.
enum class claim_kind : std::uint8_t {
    missing,    ///< nobody's, for a reader that waits
    background, ///< nobody's, for a reader to come: half of all slots are left to those that wait
    overtake    ///< those of a running fill that comes to them too late, see `object::take_over`; it gets them back
                ///< where the origin does not give them at once
};

/// Begins a fill of the known version `o` from the page of `first` to the page of `last`, or to the first page that is
/// not missing: claims, reserves, asks the origin for that version alone, and lets it run on this worker.
/// `give_up`: for the head of the origin's answer.
///
/// Completes when it runs; readers then follow it. Where all readers leave that wait for it, it is given up. Errors:
/// those of `fetch` (`canceled` where it was given up), `reserve`, `fills_limit`.
awaitable<result<fill_start>> begin_fill(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o,
                                         std::uint64_t first, std::uint64_t last, steady_clock::time_point give_up,
                                         claim_kind claim = claim_kind::missing);

/// The same in the background, for a reader that will come to it. Failures are left to that reader to find.
void read_ahead(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o, std::uint64_t first,
                std::uint64_t last);

/// The same for pages that a running fill would bring too late: those are taken over from it.
void overtake_ahead(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o, std::uint64_t first,
                    std::uint64_t last);

/// The same for bytes that nobody reads yet: they are fetched to the end, as nobody is there whose leaving would end
/// it.
void fill_for_later(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o, std::uint64_t first,
                    std::uint64_t last);

/// A version that was taken in.
struct admitted {
    std::shared_ptr<cache::object> object;
    /// Stands in for whoever asked: a fill that nobody reads would end before its first reader has come. To be kept
    /// until that one is there; nullptr where there is no fill.
    std::unique_ptr<cache::reader> keepalive_reader;
};

/// What an object is called that is taken in. Views.
struct object_name {
    std::string_view key;
    std::string_view purge_tags;  ///< kept with it, a line each; or ""
    std::uint64_t purges_seen{0}; ///< `object_cache::changes` before the app was asked whether it allows this
    std::uint64_t app_version{0}; ///< what the app said before the origin was asked: `object_record::app_version`
};

/// Takes a whole answer of the origin into the cache as a new version, and lets its fill run. `slot`: of
/// `limits.fills`, where the caller has taken one.
///
/// On an error that `is_uncacheable`, `body` was not touched and can be relayed directly. Errors: `no_validator`, those
/// of `create` and `reserve`, `fills_limit`.
awaitable<result<admitted>> admit(fill_context& with, origin::store& store, object_name name,
                                  std::optional<origin::fetched>& body, std::optional<slot_limit::slot> slot = {});

} // namespace sluice::media
