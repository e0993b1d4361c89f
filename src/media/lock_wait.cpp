#include "lock_wait.hpp"

#include <sluice/session/disconnect_watch.hpp>

namespace sluice::media::detail {

awaitable<lock_wait> wait_for_lock(fallback_state& state, session::exchange& x, const keyed_mutex::ticket& lock,
                                   async_event& wake) {
    deadline until(x.worker.self.deadlines, async_event::notify_at, &wake);
    until.expires_after(state.settings.after);
    session::disconnect_watch watch(x, async_event::notify_at, &wake);
    while (!lock.owns_lock() && !until.expired() && !watch.client_gone()) {
        co_await wake.wait();
    }
    if (watch.client_gone() || !x.client.is_open()) {
        co_return lock_wait::client_gone;
    }
    co_return lock.owns_lock() ? lock_wait::locked : lock_wait::timed_out;
}

} // namespace sluice::media::detail
