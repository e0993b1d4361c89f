// Whatever else is in flight, the first byte of a request comes no later than if it had been sent to the store as it
// is.
#include "requests.hpp"
#include "seed.hpp"

namespace sluice::media::simulation {

namespace {

/// Each byte that the store sent went into the cache once, but for what was overtaken on its way, which was decided.
void check_bytes(const world& w) {
    BOOST_TEST(w.store.bytes_sent == w.counts.published_bytes + w.counts.overlap_bytes + w.counts.discarded_bytes);
    BOOST_TEST(w.counts.published_bytes <= w.size());
    const std::uint64_t decisions = w.counts.take_overs + w.counts.unwanted_fills;
    // What one that is cut has read, and what is on its way to it.
    BOOST_TEST(w.counts.overlap_bytes + w.counts.discarded_bytes <= decisions * (128 * KiB + w.store.socket_buffer));
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_simulation_first_bytes)

BOOST_AUTO_TEST_CASE(one_request_alone) {
    world w(film);
    std::list<request> all{{milliseconds(0), named(5 * MiB + 70'000, 100'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(10));
    check_first_byte(w, all.front());
    BOOST_TEST(all.front().out.complete);
    BOOST_TEST(w.store.requests == 1U);
    BOOST_TEST(w.store.bytes_sent == 2 * cache::page_size);
}

BOOST_AUTO_TEST_CASE(who_is_near_joins) {
    world w(film);
    w.store.is_known();
    std::list<request> all{{milliseconds(0), named(0, 10'000'000)},
                           {milliseconds(30), named(500'000, 100'000)},
                           {milliseconds(60), named(MiB, 8'000'000)},
                           {milliseconds(150), named(5'000'000, 1'000'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(10));
    for (const auto& r : all) {
        check_first_byte(w, r);
        BOOST_TEST(r.out.complete);
    }
    BOOST_TEST(w.store.requests == 1U);
}

BOOST_AUTO_TEST_CASE(the_next_range_behind_a_slow_fill) {
    world w(film);
    w.store.rate = 1 * MB;
    w.store.is_known();
    std::list<request> all{{milliseconds(0), named(0, 10'000'000)}, {milliseconds(1000), named(10'000'000, 100'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(30));
    check_first_byte(w, all.back());
    check_bytes(w);
    BOOST_TEST(w.counts.take_overs + 1 == w.store.requests);
}

BOOST_AUTO_TEST_CASE(neighbours_at_once) {
    for (const std::uint64_t count : {2U, 8U}) {
        world w(film);
        w.store.is_known();
        std::list<request> all;
        for (std::uint64_t i = 0; i < count; ++i) {
            all.push_back({milliseconds(5 * i), named(MiB + 12345 + i * 10'000'000, 10'000'000)});
        }
        start(w, all);
        w.clock.run(w.clock.now() + seconds(30));
        for (const auto& r : all) {
            check_first_byte(w, r);
            // Latency, and 10 MB of one connection.
            BOOST_TEST(in_ms(r.out.ended - r.out.began) <= (50 + 250) * 1.1 + in_ms(first_byte_grain));
        }
        check_bytes(w);
    }
}

BOOST_AUTO_TEST_CASE(a_seek_ahead_of_a_viewer) {
    for (unsigned after = 100; after < 4000; after += 100) {
        world w(film);
        w.store.rate = 10 * MB;
        w.store.is_known();
        std::list<request> all{{milliseconds(0), {0, std::nullopt, 8 * MB}}};
        start(w, all);
        w.clock.run(w.clock.now() + milliseconds(after));
        std::list<request> seek{{milliseconds(0), named((all.front().out.sent + 14 * MiB) | 1U, 64 * KiB)}};
        start(w, seek);
        w.clock.run(w.clock.now() + seconds(1));
        check_first_byte(w, seek.front());
    }
}

BOOST_AUTO_TEST_CASE(behind_one_slow_connection) {
    world w(film);
    w.store.is_known();
    w.store.rates = {1 * MB}; // the first; all others have 40
    std::list<request> all{{milliseconds(0), named(0, 10'000'000)}, {milliseconds(300), named(2'000'000, 100'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(30));
    check_first_byte(w, all.back());
    check_bytes(w);
}

BOOST_AUTO_TEST_CASE(random_sets_of_overlapping_readers) {
    const auto base = announced_seed("random_sets_of_overlapping_readers");
    std::uint64_t take_overs = 0;
    std::uint64_t sent = 0;
    for (std::uint32_t set = 0; set < 40; ++set) {
        draw d(base + set);
        world w(film);
        w.store.rate = d.one_of({2 * MB, 10 * MB, 40 * MB, 100 * MB});
        w.store.piles_up = false; // see `late_decisions.cpp`: a_fill_that_paused_first_seems_fast
        w.store.latency = milliseconds(d.one_of({20U, 50U, 200U}));
        w.store.is_known();
        w.store.random.seed(base + set + 1);
        const std::uint64_t around = d.below(film - 64 * MiB);
        const auto spread = d.between(0, 2000);
        std::list<request> all;
        for (auto count = d.between(2, 50); count > 0; --count) {
            request r{milliseconds(d.between(0, spread)), {}};
            r.spec.first = around + d.below(d.one_in(2) ? MiB : 32 * MiB);
            if (!d.one_in(4)) {
                r.spec.last = r.spec.first + d.below(d.one_in(2) ? 100'000 : 8'000'000);
            }
            if (d.one_in(3)) {
                r.spec.rate = d.one_of({10 * KB, 1 * MB, 8 * MB});
            }
            if (d.one_in(4) || !r.spec.last || r.spec.rate) {
                r.spec.leaves = w.clock.now() + r.at + milliseconds(d.between(500, 4000));
            }
            all.push_back(r);
        }
        start(w, all);
        w.clock.run(w.clock.now() + seconds(60));
        BOOST_TEST_CONTEXT("SLUICE_TEST_SEED=" << base + set << ", " << w.store.rate / MB << " MB/s, "
                                               << in_ms(w.store.latency) << " ms" << text_of(all)) {
            for (const auto& r : all) {
                check_first_byte(w, r);
                BOOST_TEST((r.out.complete || r.out.left), text_of(r));
            }
            check_bytes(w);
        }
        take_overs += w.counts.take_overs;
        sent += w.store.bytes_sent;
    }
    std::printf("%lu MiB, %lu take-overs\n", static_cast<unsigned long>(sent / MiB),
                static_cast<unsigned long>(take_overs));
    BOOST_TEST(take_overs > 10U); // it was about something
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::media::simulation
