#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/media/fallback.hpp>

#include <cstdint>

namespace sluice::media::detail {

/// How a request's wait for its lock ended.
enum class lock_wait : std::uint8_t { locked, timed_out, client_gone };

/// Completes when `lock` is owned, `fallback.after` is over, or the client has gone. `wake`: the event that `lock`
/// notifies. The arguments must live until completion.
awaitable<lock_wait> wait_for_lock(fallback_state& state, session::exchange& x, const keyed_mutex::ticket& lock,
                                   async_event& wake);

} // namespace sluice::media::detail
