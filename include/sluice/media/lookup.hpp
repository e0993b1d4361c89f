#pragma once

#include <sluice/base/single_flight.hpp>
#include <sluice/media/cold_requests.hpp>
#include <sluice/media/direct_answer.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/media/lookup_rules.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/uncacheable_objects.hpp>
#include <sluice/origin/fetch.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice::media {

namespace detail {
class first_parts;
}

/// What the followers of a flight get: they look in the cache again, unless the object is so short (`too_short_size`)
/// that the leader's range has nothing of it.
struct flight_result {
    std::optional<std::uint64_t> too_short_size{};
};

/// Questions to the origin about an object, of all workers. Error: what kept the leader from an answer.
class lookup_flights : public single_flight<result<flight_result>> {
public:
    lookup_flights()
        : single_flight(error{errc::canceled, error_source::internal, true}) {}

    /// The key of an object of `s`.
    [[nodiscard]] static std::string key_of(const origin::store& s, const std::string& key) {
        return s.identity() + '\n' + key;
    }

    /// Those about objects that are not cached.
    [[nodiscard]] cold_requests& cold() noexcept { return cold_; }
    /// Those that were not cached when they were last asked for.
    [[nodiscard]] uncacheable_objects& uncacheable() noexcept { return uncacheable_; }

private:
    cold_requests cold_;
    uncacheable_objects uncacheable_;
};

/// Revalidations in the background at once, over all workers: what they may take of the connections to the stores while
/// a store does not answer.
inline constexpr unsigned max_background_revalidations = 64;

/// What look-ups need besides what fills need. Shared by all workers.
struct lookup_context {
    lookup_flights& flights;
    slot_limit& revalidations;                ///< `max_background_revalidations`
    std::chrono::milliseconds stale_if_error; ///< `cache.stale_if_error`
};

/// A version in the cache.
struct cached_version {
    std::shared_ptr<cache::object> object{};
    /// Of a version that was taken in just now: to be kept until `object` has readers of its own.
    std::vector<std::unique_ptr<cache::reader>> keepalive_readers{};
    /// What else was asked for together with it, where several ranges are wanted: some may not be answered yet.
    std::shared_ptr<detail::first_parts> parts{};
};

/// An answer of the origin that cannot be cached because of `reason`, or another's transfer of such a one. Its body was
/// not touched.
struct uncacheable_answer {
    direct_answer answer;
    error reason;
};

/// Nothing of the wanted range is in the object.
struct unsatisfiable_range {
    std::uint64_t size; ///< the object's
};

/// What a media request is to be served from.
using lookup_result = std::variant<cached_version, uncacheable_answer, unsatisfiable_range>;

/// The cached version where it may be served at once: while it is fresh, or stale for less than
/// `stale_while_revalidate`, when it is revalidated in the background. Else nullptr. Never waits.
[[nodiscard]] std::shared_ptr<cache::object> find_servable(const lookup_context& with, fill_context& fills,
                                                           media_request& m);

/// Finds the version to serve: the cached one while it is fresh, or stale for less than `stale_while_revalidate` (and
/// then it is revalidated in the background), else what the origin says; one question at a time for an object, or for
/// each part of one that is not cached (`cold_requests`), whose answer all who wait share. A new version's fill runs
/// when this completes. On an error that `is_uncacheable` the origin can still be asked directly.
///
/// Sets outcome and the Cache-Status parts of `m`.
awaitable<result<lookup_result>> look_up(const lookup_context& with, fill_context& fills, media_request& m);

/// What of `o` tells whether it may be served.
[[nodiscard]] freshness_state state_of(const cache::object& o) noexcept;

/// `o` as the head of a response needs it; views into it.
[[nodiscard]] representation representation_of(const cache::object& o) noexcept;

} // namespace sluice::media
