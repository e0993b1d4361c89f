#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::metrics {

/// Why a media request was relayed to the app instead, besides trouble with its store, which `errc` names. In the
/// `reason` label of `fallback_total`, in `Cache-Status: …; detail=` and in logs.
enum class fallback_reason : std::uint8_t {
    not_ours,          ///< the object that the app named lies in no store of the route
    unresolved,        ///< the app's answer names no object that can be served as the app would
    too_large,         ///< the app's answer, or what it names, is larger than is read
    no_store,          ///< the route has no store that can be used
    authorize_timeout, ///< the subrequest was not answered in time
    authorize_error,   ///< the subrequest ended without an answer
    busy               ///< others are waiting for the same object's turn at the app
};

inline constexpr std::array fallback_reasons{
    fallback_reason::not_ours, fallback_reason::unresolved,        fallback_reason::too_large,
    fallback_reason::no_store, fallback_reason::authorize_timeout, fallback_reason::authorize_error,
    fallback_reason::busy};

/// Lives forever.
[[nodiscard]] constexpr std::string_view to_string(fallback_reason r) noexcept {
    switch (r) {
    case fallback_reason::not_ours:
        return "not_ours";
    case fallback_reason::unresolved:
        return "unresolved";
    case fallback_reason::too_large:
        return "too_large";
    case fallback_reason::no_store:
        return "no_store";
    case fallback_reason::authorize_timeout:
        return "authorize_timeout";
    case fallback_reason::authorize_error:
        return "authorize_error";
    case fallback_reason::busy:
        break;
    }
    return "busy";
}

} // namespace sluice::metrics
