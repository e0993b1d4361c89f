// `media/deliver_cached.cpp` and `media/delivery_progress.cpp`, told once more without heads, codings and sockets: what
// is left is the order in which a reader asks the cache's pages and its rules.
#include <sluice/media/attempt_rules.hpp>
#include <sluice/media/client_pace.hpp>
#include <sluice/media/join_rules.hpp>
#include <sluice/origin/retry_rules.hpp>

#include "client_model.hpp"
#include "world.hpp"

#include <algorithm>

namespace sluice::media::simulation {

namespace {

constexpr int max_begun_at_once = 8;
constexpr std::uint64_t max_piece = 512 * KiB;
constexpr std::uint64_t min_look = 64 * KiB;
constexpr std::uint64_t look_part = 32;
constexpr milliseconds min_wait{20};

/// One request on its way.
struct delivery {
    world& w;
    const reader_spec& spec;
    reader_outcome& out;
    client_model client;
    http::byte_range wanted;
    fetch_window window;
    client_pace pace;
    steady_clock::time_point request_give_up;
    steady_clock::time_point last_sent;
    std::optional<steady_clock::time_point> give_up{};
    std::uint64_t position;
    std::uint64_t next_look;
    std::optional<std::pair<steady_clock::time_point, std::uint64_t>> waiting{};
    bool overtaken{false};

    [[nodiscard]] steady_clock::time_point now() const { return w.clock.now(); }
    [[nodiscard]] bool has_begun() const { return position != wanted.first; }

    steady_clock::time_point give_up_time() {
        if (!give_up) {
            give_up = give_up_after(out.first_byte.has_value(), request_give_up, last_sent, now(), response_timeout,
                                    fetch_timeout);
        }
        return *give_up;
    }
    void look_ahead(std::uint64_t from) {
        for (int begun = 0; begun < max_begun_at_once; ++begun) {
            const auto ahead = window.look_ahead(from);
            if (!ahead) {
                return;
            }
            const auto gap = w.object().gap(ahead->first, ahead->last);
            const auto next = window.fetch_ahead(position, gap.begin, gap.end);
            if (!next) {
                return;
            }
            read_ahead(w, next->first, next->last);
        }
    }
    void fetch_for_next(const cache::sequence& before) {
        const cache::ahead_limits limits{w.read_ahead, block_size, w.store.pace.first_byte()};
        const std::uint64_t end = std::min(cache::read_to(before, wanted.first, wanted.last, now(), limits), w.size());
        std::uint64_t from = wanted.last + 1;
        for (int begun = 0; begun < max_begun_at_once && from < end; ++begun) {
            const auto gap = w.object().gap(from, end - 1);
            if (gap.empty()) {
                return;
            }
            fill_for_later(w, gap.begin, gap.end - 1);
            from = gap.end;
        }
    }
    void after_sending(std::uint64_t first) {
        if (position > first) {
            last_sent = now();
            give_up.reset();
            waiting.reset();
            overtaken = false;
        }
        if (position >= next_look) {
            const std::uint64_t taken = client.left_queue(now());
            pace.update(taken, last_sent);
            window.move(wanted.first + taken, pace.ahead(first_ahead, first_window, max_window(w.read_ahead)));
            next_look = position + std::max(window.ahead() / look_part, min_look);
        }
        look_ahead(position);
    }
    [[nodiscard]] approach approach_to(const cache::fill_ahead& f) {
        const own_request own{w.store.pace.first_byte(), w.store.pace.each()};
        if (!waiting || waiting->second < f.distance) {
            waiting.emplace(now(), f.distance);
        }
        origin::byte_time each(f.byte_time);
        if (!has_begun()) {
            each =
                seen_byte_time(each, waiting->second - f.distance, now() - std::max(waiting->first, f.first_byte), own);
        }
        const auto until = std::max(f.first_byte - now(), steady_clock::duration::zero());
        return choose_approach({f.distance, until, each}, position % cache::page_size, own);
    }
};

/// Waits for a fill until `until`, or until it brings something.
awaitable<void> wait_until(delivery& d, cache::reader& r, steady_clock::time_point until) {
    const auto waits = std::make_shared<bool>(true);
    if (until != never) {
        d.w.clock.call_at(until, [waits, &r] {
            if (*waits) {
                r.interrupt();
            }
        });
    }
    co_await r.wait();
    *waits = false;
}

awaitable<result<void>> fetch_missing(delivery& d, cache::span s, claim_kind claim) {
    const auto give_up = d.give_up_time();
    if (d.now() >= give_up) {
        co_return error{errc::timeout, error_source::origin, false};
    }
    const std::uint64_t last = std::min(s.last, d.window.next_end(s.first));
    if (d.window.is_at_once()) {
        d.look_ahead(last + 1);
    }
    auto begun = co_await begin_fill(d.w, s.first, last, give_up, claim);
    co_return begun ? result<void>() : result<void>(begun.error());
}

/// Sends [position, last] to the client, as fast as that takes it. False where it goes meanwhile.
awaitable<bool> send(delivery& d, std::uint64_t last) {
    if (!d.out.first_byte) {
        d.out.first_byte = d.now();
    }
    const std::uint64_t first = d.position;
    last = std::min(last, first + max_piece - 1);
    while (d.position <= last) {
        const std::uint64_t n = d.client.put(last - d.position + 1, d.now());
        d.position += n;
        d.out.sent += n;
        d.out.taken = d.client.taken(d.now());
        if (n == 0) {
            const auto until = std::min(d.client.has_room_at(d.now()), d.spec.leaves.value_or(never));
            co_await d.w.clock.until(until);
            if (d.spec.leaves && d.now() >= *d.spec.leaves) {
                co_return false;
            }
        }
    }
    d.after_sending(first);
    co_return true;
}

/// What there is to do at the reader's position; an error ends it.
awaitable<result<void>> step(delivery& d, cache::reader& r, bool& waits) {
    r.limit_ahead(d.window.ahead());
    const cache::span s = r.next(d.position);
    switch (s.what) {
    case cache::span::kind::readable: {
        const bool stays = co_await send(d, s.last);
        co_return stays ? result<void>() : result<void>(error{errc::connection_lost, error_source::client, false});
    }
    case cache::span::kind::unverified:
        d.w.object().mark_verified(s.first / cache::page_size, s.last / cache::page_size);
        co_return result<void>();
    case cache::span::kind::wait: {
        if (!d.overtaken && s.ahead && d.approach_to(*s.ahead) != approach::join) {
            d.overtaken = true;
            auto begun = co_await fetch_missing(d, s, claim_kind::overtake);
            (void)begun; // where it cannot be, the fill is waited for
            co_return result<void>();
        }
        auto until = d.out.first_byte ? never : d.give_up_time();
        if (!d.out.first_byte && d.now() >= until) {
            co_return error{errc::timeout, error_source::origin, false};
        }
        if (!d.has_begun()) {
            const auto again = std::max<steady_clock::duration>(d.w.store.pace.first_byte(), min_wait);
            until = std::min(until, d.now() + again);
        }
        waits = true;
        d.out.followed = true;
        co_await wait_until(d, r, until);
        waits = false;
        const bool left = d.spec.leaves && d.now() >= *d.spec.leaves;
        co_return left ? result<void>(error{errc::connection_lost, error_source::client, false}) : result<void>();
    }
    case cache::span::kind::absent: {
        auto begun = co_await fetch_missing(d, s, claim_kind::missing);
        co_return begun;
    }
    case cache::span::kind::failed:
        break;
    }
    const bool has_time = s.outcome.error().retryable && d.now() < d.give_up_time();
    if (has_time) {
        co_await back_off(d.w.store, origin::back_off_after(1));
        co_return result<void>();
    }
    co_return s.outcome.error();
}

} // namespace

awaitable<void> read_range(world& w, reader_spec spec, reader_outcome& out) {
    const auto began = w.clock.now();
    out.began = began;
    delivery d{w,
               spec,
               out,
               client_model(spec.rate, spec.stops_after),
               {spec.first, std::min(spec.last.value_or(UINT64_MAX), w.size() - 1)},
               fetch_window({w.read_ahead}),
               client_pace(began),
               began + fetch_timeout,
               began,
               std::nullopt,
               spec.first,
               spec.first};
    d.window.begin(d.wanted, !spec.last);
    const auto r = w.pages.read(d.wanted.first, d.wanted.last);
    bool waits = false;
    const auto alive = std::make_shared<bool>(true);
    if (spec.leaves) {
        w.clock.call_at(*spec.leaves, [alive, &waits, &r] {
            if (*alive && waits) {
                r->interrupt();
            }
        });
    }
    if (const auto before = w.sequences.preceding(d.wanted.first)) {
        d.fetch_for_next(*before);
    }
    result<void> done;
    auto had_bytes = began;
    while (done && d.position <= d.wanted.last) {
        const std::uint64_t from = d.position;
        const auto asked = w.clock.now();
        done = co_await step(d, *r, waits);
        if (d.position > from) {
            out.waits += from > d.wanted.first && asked - had_bytes > is_there ? 1 : 0;
            had_bytes = w.clock.now();
        }
    }
    *alive = false;
    out.last_byte = d.last_sent;
    out.ended = w.clock.now();
    out.taken = d.client.taken(out.ended);
    out.complete = done.has_value();
    if (done) {
        w.sequences.sent(d.wanted.first, d.wanted.last, began, w.clock.now());
    } else if (done.error().source == error_source::client) {
        out.left = true;
    } else if (out.first_byte) {
        out.cut = done.error().code;
    } else {
        out.fell_back = done.error().code;
    }
}

namespace {

awaitable<void> read_later(world& w, steady_clock::time_point at, reader_spec spec, reader_outcome& out) {
    co_await w.clock.until(at);
    co_await read_range(w, spec, out);
}

} // namespace

void read_at(world& w, steady_clock::time_point at, reader_spec spec, reader_outcome& out) {
    w.clock.spawn(read_later(w, at, spec, out));
}

} // namespace sluice::media::simulation
