#pragma once

#include <sluice/base/error.hpp>

/// What an error on the way to an object means for how it is served. Pure.
namespace sluice::media {

/// True where the cache cannot take the bytes, while the origin could give them: it is asked directly.
[[nodiscard]] bool is_uncacheable(errc code) noexcept;

/// True where the version that is cached is not the origin's any more.
[[nodiscard]] bool is_changed(errc code) noexcept;

/// True for trouble that says nothing about the object, so that a stale version may still be served (RFC 5861 §4).
[[nodiscard]] bool is_outage(const error& e) noexcept;

} // namespace sluice::media
