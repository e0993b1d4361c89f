#pragma once

#include <sluice/media/media_request.hpp>
#include <sluice/origin/fetch.hpp>

namespace sluice::media {

/// What a media request is to be served from: exactly one of the three, or `failure` alone.
struct lookup_result {
    std::shared_ptr<cache::object> object{};    ///< the cached version
    std::optional<origin::fetched> direct{};    ///< an answer that cannot be cached; `failure` says why
    std::optional<std::uint64_t> empty_range{}; ///< the object's size, where nothing of the wanted range is in it
    std::optional<error> failure{};
    std::optional<error> stale_for{};      ///< `object` is stale, and the origin could not be asked for this
    std::unique_ptr<cache::reader> hold{}; ///< of a new version: to be kept until `object` has a reader
};

/// Finds the version to serve: the cached one while it is fresh, else what the origin says; one question at a time for
/// an object, whose answer all who wait share. A new version's transfer runs when this completes.
///
/// Sets outcome and the Cache-Status parts of `m`.
awaitable<lookup_result> look_up(media_request& m);

/// `v` as the head of a response needs it; views into `o`.
[[nodiscard]] representation representation_of(const cache::object& o) noexcept;

} // namespace sluice::media
