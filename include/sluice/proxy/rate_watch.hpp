#pragma once

#include <sluice/cache/reader.hpp>
#include <sluice/proxy/exchange.hpp>
#include <sluice/proxy/rate_window.hpp>

#include <cstdint>
#include <optional>

namespace sluice::proxy {

/// Holds one exchange to `limits.body_min_rate` and `limits.send_min_rate`: a body that comes too slowly is not read on
/// (the client can still be answered), a client that takes too little is cut. Looks once a second, at the worker's
/// tick; costs nothing between. Lives on the worker as long as the exchange's handling.
class rate_watch {
public:
    explicit rate_watch(exchange& x);

private:
    void look();

    exchange& x_;
    client_rates rates_;
    deadline timer_;
};

/// Lets go of what a cache reader holds while its client takes less than `slow_rate`: its connection stays, but neither
/// blocks nor transfers are kept for it.
class reader_rest {
public:
    /// Bytes a second, over ten seconds in which it is the client that is waited for.
    static constexpr std::uint64_t slow_rate = 1024;

    reader_rest(exchange& x, cache::reader& r)
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

    exchange& x_;
    cache::reader& reader_;
    rate_window rate_{slow_rate};
    std::optional<deadline> timer_;
    bool slow_{false};
    bool rests_{false};
};

} // namespace sluice::proxy
