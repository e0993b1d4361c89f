#pragma once

#include <sluice/cache/reader.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/rate_window.hpp>

#include <cstdint>
#include <optional>

namespace sluice::media {

/// Lets go of what a cache reader holds while its client takes less than `min_rate`: its connection stays, but neither
/// blocks nor fills are kept for it.
class slow_reader_guard {
public:
    /// Bytes a second, over ten seconds in which it is the client that is waited for.
    static constexpr std::uint64_t min_rate = 1024;

    slow_reader_guard(session::exchange& x, cache::reader& r)
        : x_(x)
        , reader_(r) {}
    slow_reader_guard(const slow_reader_guard&) = delete;
    slow_reader_guard& operator=(const slow_reader_guard&) = delete;

    /// Before each wait for the client. Costs next to nothing but at the first.
    void before_wait();
    /// True where the reader was made to let go: what it was given must not be read any more, but asked for again.
    [[nodiscard]] bool paused() const noexcept { return paused_; }
    /// It asks again.
    void resume() noexcept { paused_ = false; }

private:
    void look();
    void let_go();

    session::exchange& x_;
    cache::reader& reader_;
    session::rate_window rate_{min_rate};
    std::optional<deadline> timer_;
    bool slow_{false};
    bool paused_{false};
};

} // namespace sluice::media
