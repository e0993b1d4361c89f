#pragma once

#include <sluice/cache/reader.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/rate_window.hpp>

#include <cstdint>
#include <optional>

namespace sluice::media {

/// Lets go of what a cache reader holds while its client takes less than `slow_rate`: its connection stays, but neither
/// blocks nor transfers are kept for it.
class reader_rest {
public:
    /// Bytes a second, over ten seconds in which it is the client that is waited for.
    static constexpr std::uint64_t slow_rate = 1024;

    reader_rest(session::exchange& x, cache::reader& r)
        : x_(x)
        , reader_(r) {}
    reader_rest(const reader_rest&) = delete;
    reader_rest& operator=(const reader_rest&) = delete;

    /// Before each wait for the client. Costs next to nothing but at the first.
    void before_wait();
    /// True where the reader was made to let go: what it was given must not be read any more, but asked for again.
    [[nodiscard]] bool rests() const noexcept { return rests_; }
    /// It asks again.
    void resume() noexcept { rests_ = false; }

private:
    void look();
    void let_go();

    session::exchange& x_;
    cache::reader& reader_;
    session::rate_window rate_{slow_rate};
    std::optional<deadline> timer_;
    bool slow_{false};
    bool rests_{false};
};

} // namespace sluice::media
