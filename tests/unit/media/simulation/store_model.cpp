#include "store_model.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::media::simulation {

namespace {

/// How often a worker looks whether a fill that waits for the origin is still wanted.
constexpr milliseconds tick{50};
/// A read that finds nothing waits for as much as comes in this time, but for 64 KiB at most.
constexpr double read_seconds = 0.004;
constexpr double read_at_most = 64 * 1024;

steady_clock::duration seconds_of(double s) {
    return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(s));
}

} // namespace

const blip* store_model::blip_at(steady_clock::time_point t) const {
    const auto found = std::ranges::find_if(blips, [t](const blip& b) { return b.begin <= t && t < b.end; });
    return found == blips.end() ? nullptr : &*found;
}

steady_clock::time_point store_model::done_at(steady_clock::time_point t, steady_clock::duration work) const {
    for (const blip& b : blips) {
        if (b.kind != fault::stalled || b.end <= t) {
            continue;
        }
        if (t + work <= b.begin) {
            break;
        }
        work -= std::max(b.begin - t, steady_clock::duration::zero());
        t = b.end;
    }
    return t + work;
}

steady_clock::duration store_model::active(steady_clock::time_point from, steady_clock::time_point to) const {
    auto d = to - from;
    for (const blip& b : blips) {
        if (b.kind == fault::stalled) {
            d -= std::max(std::min(b.end, to) - std::max(b.begin, from), steady_clock::duration::zero());
        }
    }
    return d;
}

std::optional<steady_clock::time_point> store_model::reset_between(steady_clock::time_point from,
                                                                   steady_clock::time_point to) const {
    for (const blip& b : blips) {
        if (b.kind == fault::reset && b.end > from && b.begin <= to) {
            return std::max(b.begin, from);
        }
    }
    return std::nullopt;
}

void transfer::advance() {
    const auto now = store_.clock.now();
    const auto reset = store_.reset_between(began_, now);
    const auto to = std::max(updated_, std::min(now, reset.value_or(now)));
    const double came = std::chrono::duration<double>(store_.active(updated_, to)).count() * rate_;
    updated_ = to;
    const double before = arrived_;
    const double room = read_ + static_cast<double>(store_.socket_buffer);
    arrived_ = std::max(before, std::min({before + came, total_, room}));
    store_.bytes_sent += static_cast<std::uint64_t>(arrived_) - static_cast<std::uint64_t>(before);
}

void transfer::begin_read() {
    if (!store_.piles_up) {
        updated_ = store_.clock.now();
    }
    advance();
}

std::uint64_t transfer::unread() {
    begin_read();
    return available();
}

awaitable<result<std::uint64_t>> transfer::read(std::uint64_t most, const std::function<bool()>& goes_on) {
    auto& clock = store_.clock;
    const auto gives_up = clock.now() + response_timeout;
    const double piece = std::clamp(rate_ * read_seconds, 1.0, read_at_most);
    begin_read();
    for (;;) {
        advance();
        if (store_.reset_between(began_, clock.now())) {
            co_return error{errc::connection_lost, error_source::origin, true, "reset"};
        }
        const double wanted = std::min({piece, static_cast<double>(most), total_ - read_});
        if (arrived_ - read_ + 1e-3 >= wanted) {
            const std::uint64_t n = std::min(available(), most);
            read_ += static_cast<double>(n);
            co_return n;
        }
        const bool is_wanted = goes_on();
        if (!is_wanted) {
            co_return error{errc::canceled, error_source::internal, true};
        }
        if (clock.now() >= gives_up) {
            co_return error{errc::timeout, error_source::origin, true, "no byte for response_timeout"};
        }
        const auto missing = seconds_of((wanted - (arrived_ - read_)) / rate_) + std::chrono::nanoseconds(1);
        auto next = std::min({store_.done_at(clock.now(), missing), clock.now() + tick, gives_up});
        if (const auto reset = store_.reset_between(clock.now(), next)) {
            next = std::max(*reset, clock.now() + std::chrono::nanoseconds(1));
        }
        co_await clock.until(next);
    }
}

} // namespace sluice::media::simulation
