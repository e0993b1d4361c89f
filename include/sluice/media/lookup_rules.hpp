#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/error.hpp>
#include <sluice/http/range.hpp>
#include <sluice/media/fetch_window.hpp>
#include <sluice/media/requested_ranges.hpp>
#include <sluice/origin/fetch.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// The decisions of a look-up: what to ask of the origin, and what follows from its answer. Pure.
namespace sluice::media {

/// What of an object that is not known is asked for: the wanted range in whole pages, the first window of what has no
/// end; the first of several ranges. Nullopt: no range, since only the head is wanted. With several connections no more
/// than one of them should bring: the rest is asked for once the object is known.
[[nodiscard]] std::optional<http::range_spec> cold_range(bool head_only, const requested_ranges& wanted,
                                                         const window_limits& limits) noexcept;

/// What about an object that is not cached is asked once for all who ask for it now, whatever their ranges; "" where
/// each range is a question of its own. All do where the store answers so fast (`first_byte`) that nobody sees the
/// wait.
[[nodiscard]] std::string_view shared_question(bool head_only, const requested_ranges& wanted,
                                               steady_clock::duration first_byte) noexcept;

/// What of an object of `size` bytes is asked for whose version may have changed: one page, where the reader begins.
/// Nullopt: no range, since only the head is wanted or there are no bytes.
[[nodiscard]] std::optional<http::range_spec> revalidation_range(bool head_only, const requested_ranges& wanted,
                                                                 std::uint64_t size) noexcept;

/// When a cached version was confirmed by the origin, and the changes that were noted of it. Changes are numbered: see
/// `cache::object::marked`.
struct freshness_state {
    steady_clock::time_point checked; ///< when the origin last confirmed it
    std::uint64_t marked{0};          ///< the last change after which it must be revalidated
    std::uint64_t confirmed{0};       ///< the newest change that the origin has answered for
};

/// Whether it may be served without asking the origin.
[[nodiscard]] bool is_fresh(const freshness_state& v, steady_clock::time_point now,
                            std::chrono::milliseconds max_age) noexcept;

/// Whether it may be served while it is revalidated, `stale_for` past `max_age` (RFC 5861 §3): never what a change was
/// noted of, which must be revalidated first.
[[nodiscard]] bool may_serve_while_revalidating(const freshness_state& v, steady_clock::time_point now,
                                                std::chrono::milliseconds max_age,
                                                std::chrono::milliseconds stale_for) noexcept;

/// Whether a stale version can answer a request that it answers with `status`, `conditional` being whether the request
/// has conditions. What fails for a stale version (412, 416), or answers a condition that does not hold for it, may be
/// from somebody who knows a newer one.
[[nodiscard]] bool can_answer_stale(unsigned status, bool conditional) noexcept;

/// How long a version is fresh yet, in whole seconds; below 0 where it is stale.
[[nodiscard]] std::chrono::seconds time_to_live(steady_clock::time_point checked, steady_clock::time_point now,
                                                std::chrono::milliseconds max_age) noexcept;

/// Whether it may be served although the origin could not be asked because of `e` (RFC 5861 §4): never what a change
/// was noted of (RFC 9111 §4.4).
[[nodiscard]] bool may_serve_stale(const error& e, const freshness_state& v, steady_clock::time_point now,
                                   std::chrono::milliseconds max_age,
                                   std::chrono::milliseconds stale_if_error) noexcept;

/// Whether `e`, which a revalidation came to, says that the cached version is no longer the origin's, or no longer ours
/// to have, so that it must go.
[[nodiscard]] bool must_retire(const error& e) noexcept;

/// What a request that waited for another's question to the origin knew when it began to wait.
struct arrival {
    steady_clock::time_point time;
    bool same_version{false}; ///< the version in the cache is still the one that it found then
    std::uint64_t marked{0};  ///< that version's `freshness_state::marked`
};

/// Whether such a request may be served the version `now` in the cache: it was asked for after the request came,
/// however short its age may be. Changes that were noted while it waited are for those who come after them; else a
/// stream of them would starve it.
[[nodiscard]] bool is_confirmed_since(const arrival& then, const freshness_state& now) noexcept;

/// A version that is in the cache. Views.
struct known_version {
    std::string_view validator;
    std::uint64_t size{0};
};

/// What follows from the origin's answer.
enum class answer_action : std::uint8_t {
    confirm,           ///< the version in the cache is still the origin's
    admit,             ///< a new version, or the first one seen
    unsatisfiable,     ///< nothing of the wanted range is in the object: 416
    ask_without_range, ///< a 416 says nothing of the version: ask for what there is, whatever the client wants
    ask_anew,          ///< the same bytes, but written anew: ask as if nothing were cached
    reject             ///< a 416 to a range that every object has
};

/// `stale`: the version in the cache, which the question was about; nullptr: none. `conditional`: whether the client's
/// request has conditions, which a 416 cannot decide. `is_second`: the answer to a question that an action of this
/// function asked for.
[[nodiscard]] answer_action action_for(const origin::object_head& answer, const known_version* stale, bool conditional,
                                       bool is_second) noexcept;

} // namespace sluice::media
