#pragma once

#include <sluice/base/scratch.hpp>
#include <sluice/media/client_pace.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/fetch_window.hpp>
#include <sluice/media/plan.hpp>
#include <sluice/media/slow_reader_guard.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::media::detail {

/// One client on its way through a cached version: where it is, and what is counted and fetched ahead on its account.
/// Never waits.
struct delivery_progress {
    fill_context& fills;
    body_context bodies;
    media_request& m;
    std::shared_ptr<cache::object> object;
    plan to_send;
    fetch_window window{{fills.read_ahead, m.store.settings().parallel}};
    steady_clock::time_point began{steady_clock::now()}; ///< when the object was found
    client_pace pace{began};
    std::uint64_t sent{0};      ///< bytes of the object in all
    std::uint64_t next_look{0}; ///< what the client has taken is looked at once it is here
    scratch room{};
    std::string& head{room.text}; ///< not sent yet
    http::byte_range wanted{};    ///< what is sent now: all of it, or a part
    std::uint64_t position{0};
    std::optional<steady_clock::time_point> give_up{}; ///< of what is missing now; none: nothing was asked for since
    steady_clock::time_point last_sent{began};         ///< when bytes were last sent
    /// Since when a fill is waited for that was so many bytes away then; none: since bytes were last sent for none.
    std::optional<std::pair<steady_clock::time_point, std::uint64_t>> waiting{};
    bool joined{false};    ///< it waited for another's fill
    bool overtaken{false}; ///< since bytes were last sent it tried to take pages over
    cache::object::coverage held{cache::object::coverage::none}; ///< of what is sent, when the request came
    std::vector<cache::object::run> held_runs{};                 ///< where that is `some`

    /// Whether any of the range was sent.
    [[nodiscard]] bool has_begun() const noexcept { return position != wanted.first; }
    /// Sets the request's outcome by what of it is in the cache.
    void classify();
    /// When to give up on what is missing now.
    [[nodiscard]] steady_clock::time_point give_up_time();
    /// Turns to one of the ranges. `held` is what of it was there when the request came.
    void begin_part(const http::byte_range& part);
    /// Puts the response's head before what is to be sent first.
    void prepend_head();
    /// Accounts for the bytes from `first` on that were sent, and fetches ahead of a client that takes them.
    void after_sending(std::uint64_t first, bool succeeded, slow_reader_guard& slow);
    /// Fetches on ahead of the client, so that the next bytes are there when they are due: by windows, or all gaps of a
    /// range that is fetched at once. `from`: where the client is, or what is being fetched for it already ends.
    void look_ahead(std::uint64_t from);
    /// The last byte of `readable`, up to `last`, that is sent before the next look ahead.
    [[nodiscard]] std::uint64_t piece_end(std::uint64_t last) const noexcept;
    /// Fetches what the next request will ask for, where this one goes on with others.
    void fetch_for_next(const cache::reader& r);

private:
    [[nodiscard]] cache::object::coverage coverage_of_all() const;
    /// Whether anything of it has to be fetched.
    [[nodiscard]] bool is_fetched() const noexcept { return m.fetched || held != cache::object::coverage::all; }
    void look_at_client();
    [[nodiscard]] unsigned most_begun() const noexcept;
    void count_bytes(std::uint64_t first, std::uint64_t last);
};

} // namespace sluice::media::detail
