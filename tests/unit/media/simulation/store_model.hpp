#pragma once

#include <sluice/origin/breaker.hpp>
#include <sluice/origin/pace.hpp>

#include "bounds.hpp"
#include "virtual_clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace sluice::media::simulation {

/// What a store does for a while.
enum class fault : std::uint8_t {
    refused,     ///< new connections are refused; those that are there go on
    reset,       ///< all connections are reset, and new ones as soon as they ask
    stalled,     ///< nothing comes
    unavailable, ///< requests are answered 503; bodies that are under way go on
    throttled    ///< the same, with 429 and a Retry-After
};

struct blip {
    fault kind{};
    steady_clock::time_point begin;
    steady_clock::time_point end;
    milliseconds retry_after{0}; ///< of `throttled`
};

/// A store, and what Sluice knows of it. It answers after `latency`; each connection brings `rate` bytes a second.
struct store_model {
    virtual_clock& clock;
    steady_clock::duration latency{milliseconds(50)};
    double rate{40 * MB};
    std::vector<blip> blips{}; ///< in order, apart from each other
    /// The rates of connections where they differ: of the first, the second, ...; `rate` for all others.
    std::vector<double> rates{};
    /// What lies in the sockets on the way counts as sent by the store.
    std::uint64_t socket_buffer{256 * KiB};
    bool piles_up{true};        ///< it fills while nobody reads
    std::minstd_rand random{1}; ///< of back-off

    origin::pace pace{};
    origin::breaker breaker{breaker_failures, breaker_open};
    std::uint64_t requests{0};
    std::uint64_t bytes_sent{0};

    /// Puts into `pace` what a store is known by that was asked before.
    void is_known() {
        pace.note_first_byte(latency);
        pace.note_byte_time(origin::byte_time(1e9 / rate));
    }
    [[nodiscard]] const blip* blip_at(steady_clock::time_point t) const;
    /// When `work` is done that begins at `t`, and rests while the store is stalled.
    [[nodiscard]] steady_clock::time_point done_at(steady_clock::time_point t, steady_clock::duration work) const;
    /// The time between the two in which the store is not stalled.
    [[nodiscard]] steady_clock::duration active(steady_clock::time_point from, steady_clock::time_point to) const;
    /// When a connection that is there from `from` on is reset, where that is before `to`.
    [[nodiscard]] std::optional<steady_clock::time_point> reset_between(steady_clock::time_point from,
                                                                        steady_clock::time_point to) const;
};

/// The body of an answer on its way.
class transfer {
public:
    transfer(store_model& s, std::uint64_t bytes, double rate)
        : store_(s)
        , total_(static_cast<double>(bytes))
        , rate_(rate)
        , began_(s.clock.now())
        , updated_(began_) {}

    /// Some of the next bytes, at most `most`: as many as came, or come in a moment. Errors: as a socket's. Ends with
    /// `canceled` where `goes_on` (asked as often as the worker ticks) says no.
    awaitable<result<std::uint64_t>> read(std::uint64_t most, const std::function<bool()>& goes_on);
    /// What came and was not read, so far.
    [[nodiscard]] std::uint64_t unread();

private:
    void begin_read();
    void advance();
    [[nodiscard]] std::uint64_t available() const { return static_cast<std::uint64_t>(arrived_ - read_ + 1e-3); }

    store_model& store_;
    double total_;
    double rate_;
    steady_clock::time_point began_;
    steady_clock::time_point updated_;
    double arrived_{0};
    double read_{0};
};

/// A ranged GET, as `origin::fetch_request` has it.
struct question {
    std::string key;
    std::uint64_t bytes{0};
    steady_clock::time_point give_up;
    std::function<bool()> is_wanted{};
    bool passes_breaker{false};
};

/// What `origin::fetch` does, with the decisions of `retry_rules` and of the breaker.
awaitable<result<std::shared_ptr<transfer>>> fetch(store_model& s, question q);

/// `origin::back_off`.
awaitable<void> back_off(store_model& s, milliseconds d);

} // namespace sluice::media::simulation
