// `media/fill.cpp` and `media/fill_task.cpp`, told once more without workers, slots and disks: what is left is the
// order in which a fill asks the cache's pages, the store, and its rules.
#include <sluice/media/fill_rules.hpp>
#include <sluice/origin/retry_rules.hpp>

#include "world.hpp"

#include <algorithm>

namespace sluice::media::simulation {

namespace {

constexpr std::uint64_t fill_step = 128 * KiB;
/// How often readers are woken for bytes that do not make a step.
constexpr milliseconds tick{50};

error nobody_waits() {
    return {errc::canceled, error_source::internal, true};
}

/// One fill on its way.
struct running {
    world& w;
    std::shared_ptr<cache::fill> fill;
    std::shared_ptr<transfer> body;
    origin::fill_pace pace;
    steady_clock::time_point last_byte{};
    steady_clock::time_point give_up{};
    unsigned broken_in_row{0};
    std::uint64_t since_break{0};
    bool ended{false};

    [[nodiscard]] bool complete() const { return fill->published >= fill->end; }
    [[nodiscard]] bool goes_on() const {
        return !complete() && (w.object().demand_for(*fill, w.read_ahead).wanted ||
                               is_nearly_whole(fill->published, fill->end, block_size));
    }
    void note_bytes(std::uint64_t n) {
        last_byte = w.clock.now();
        since_break += n;
        if (since_break >= cache::page_size) {
            broken_in_row = 0;
        }
    }
    void note_break() {
        const auto least = broken_in_row == 0 ? w.clock.now() + fetch_timeout : give_up;
        give_up = std::max(last_byte + response_timeout, least);
        since_break = 0;
        ++broken_in_row;
    }
    /// `fill_writer::write`.
    void write(std::uint64_t n) {
        const std::uint64_t own = w.object().begin_write(*fill, n);
        if (own > 0) {
            w.pages.publish(*fill, own);
        }
        w.counts.published_bytes += own;
        w.counts.overlap_bytes += n - own;
    }
    void end(result<void> outcome) {
        w.counts.unwanted_fills += !outcome && outcome.error().code == errc::canceled ? 1 : 0;
        for (const auto& run : w.object().end_fill(*fill, std::move(outcome))) {
            w.object().punched(run, true);
        }
        w.counts.discarded_bytes += body ? body->unread() : 0;
        ended = true;
    }
};

awaitable<result<void>> resume(running& f, error broken) {
    for (unsigned failed = f.broken_in_row - 1;; ++failed) {
        const auto pause = failed == 0 ? milliseconds(0) : origin::back_off_after(failed);
        if (!may_resume(broken, f.give_up - f.w.clock.now() - pause)) {
            co_return broken;
        }
        if (failed > 0) {
            co_await back_off(f.w.store, pause);
        }
        if (!f.goes_on()) {
            co_return nobody_waits();
        }
        question q{"object", f.fill->end - f.fill->published, f.give_up, [&f] { return f.goes_on(); }, true};
        auto again = co_await fetch(f.w.store, std::move(q));
        if (again) {
            f.body = again.value();
            co_return result<void>();
        }
        broken = again.error();
    }
}

awaitable<bool> wait_for_demand(running& f, std::shared_ptr<async_event> wake) {
    for (;;) {
        f.w.object().await_demand(*f.fill, wake);
        const auto demand = f.w.object().demand_for(*f.fill, f.w.read_ahead);
        if (!demand.wanted || f.fill->published < demand.wanted_to) {
            co_return demand.wanted;
        }
        co_await wake->wait();
    }
}

awaitable<result<void>> pump(running& f) {
    auto& clock = f.w.clock;
    const auto wake = std::make_shared<async_event>(f.w.pages.context.get_executor());
    const std::function<bool()> goes_on = [&f] { return f.goes_on(); };
    f.last_byte = clock.now();
    while (!f.complete()) {
        const auto paused = clock.now();
        const bool wanted = co_await wait_for_demand(f, wake);
        f.last_byte += clock.now() - paused;
        if (!wanted && !f.goes_on()) {
            co_return nobody_waits();
        }
        const std::uint64_t room = std::min(fill_step, f.fill->end - f.fill->published);
        if (room == 0) {
            break;
        }
        const auto began = clock.now();
        auto n = co_await f.body->read(room, goes_on);
        if (n) {
            f.note_bytes(n.value());
            if (f.pace.add(n.value(), f.last_byte - began)) {
                f.w.object().expect(*f.fill, began, f.pace.each().count());
            }
            f.write(n.value());
        } else if (n.error().code == errc::canceled) {
            co_return n.error();
        } else {
            f.note_break();
            auto resumed = co_await resume(f, n.error());
            if (!resumed) {
                co_return resumed;
            }
        }
    }
    if (f.pace.is_measured()) {
        f.w.store.pace.note_byte_time(f.pace.each());
    }
    co_return result<void>();
}

awaitable<void> tick_of(std::shared_ptr<running> f) {
    while (!f->ended) {
        f->w.object().flush(*f->fill);
        co_await f->w.clock.until(f->w.clock.now() + tick);
    }
}

awaitable<void> run(std::shared_ptr<running> f) {
    auto ended = co_await pump(*f);
    f->w.counts.broken_fills += !ended && ended.error().code != errc::canceled ? 1 : 0;
    f->end(std::move(ended));
}

awaitable<void> fill_in_background(world& w, std::uint64_t first, std::uint64_t last) {
    auto begun = co_await begin_fill(w, first, last, w.clock.now() + fetch_timeout, claim_kind::background);
    (void)begun; // left to the reader to find
}

awaitable<void> fill_whole(world& w, std::uint64_t first, std::uint64_t last) {
    const auto r = w.pages.read(first, last);
    co_await fill_in_background(w, first, last);
    for (std::uint64_t position = first; position <= last;) {
        const auto s = r->next(position);
        if (s.what == cache::span::kind::wait) {
            co_await r->wait();
        } else if (s.what == cache::span::kind::unverified) {
            w.object().mark_verified(s.first / cache::page_size, s.last / cache::page_size);
        } else if (s.what == cache::span::kind::readable) {
            position = s.last + 1;
        } else {
            break;
        }
    }
}

} // namespace

awaitable<result<fill_start>> begin_fill(world& w, std::uint64_t first, std::uint64_t last,
                                         steady_clock::time_point give_up, claim_kind claim) {
    const bool overtakes = claim == claim_kind::overtake;
    auto claimed = overtakes ? w.object().take_over(first, last) : w.object().claim(first, last, false);
    if (!claimed) {
        co_return fill_start::already_claimed;
    }
    w.counts.take_overs += overtakes ? 1 : 0;
    auto& pace = w.store.pace;
    auto f = std::make_shared<running>(running{w, claimed, nullptr, origin::fill_pace(pace.each())});
    w.object().expect(*claimed, w.clock.now() + pace.first_byte(), pace.each().count());
    w.pages.reserve(*claimed, 1);
    question q{"object", claimed->end - claimed->published, give_up};
    if (overtakes) {
        q.is_wanted = [] { return false; };
    }
    auto got = co_await fetch(w.store, std::move(q));
    if (!got) {
        f->end(got.error());
        co_return got.error();
    }
    f->body = got.value();
    w.clock.spawn(run(f));
    w.clock.spawn(tick_of(f));
    co_return fill_start::started;
}

void read_ahead(world& w, std::uint64_t first, std::uint64_t last) {
    w.clock.spawn(fill_in_background(w, first, last));
}

void fill_for_later(world& w, std::uint64_t first, std::uint64_t last) {
    w.clock.spawn(fill_whole(w, first, last));
}

} // namespace sluice::media::simulation
