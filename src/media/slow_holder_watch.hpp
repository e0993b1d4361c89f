#pragma once

#include <sluice/media/fallback.hpp>
#include <sluice/session/rate_window.hpp>

#include <chrono>

namespace sluice::media::detail {

/// Cuts a client that takes its time while others wait for its lock, or are refused for want of its slot.
class slow_holder_watch {
public:
    /// `lock`: what it holds, or nullptr. `has_slot`: it holds a slot.
    slow_holder_watch(fallback_state& state, session::exchange& x, const keyed_mutex::ticket* lock, bool has_slot);
    slow_holder_watch(const slow_holder_watch&) = delete;
    slow_holder_watch& operator=(const slow_holder_watch&) = delete;

private:
    void look();
    [[nodiscard]] bool holds_others_up() const;

    fallback_state& state_;
    session::exchange& x_;
    const keyed_mutex::ticket* lock_;
    bool has_slot_;
    std::chrono::milliseconds over_;
    session::rate_window rate_;
    deadline timer_;
};

} // namespace sluice::media::detail
