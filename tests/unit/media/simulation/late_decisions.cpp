// Readers that learn only while they wait that the fill which they follow is slow.
#include "requests.hpp"

namespace sluice::media::simulation {

BOOST_AUTO_TEST_SUITE(media_simulation_late_decisions)

// How fast a fill is is measured once it has brought 64 KiB; until then it counts as fast as its store.
BOOST_AUTO_TEST_CASE(a_connection_that_trickles_holds_up_who_joins_it) {
    world w(film);
    w.store.is_known();
    w.store.rates = {20 * KB}; // the first connection; all others 40 MB/s
    std::list<request> all{{milliseconds(0), named(0, 10'000'000)}, {milliseconds(1000), named(1'000'000, 100'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(300));
    check_first_byte(w, all.back(), max_first_byte_of_late_decision);
}

// The same where nothing is known of the store: it counts as one of 40 MB/s.
BOOST_AUTO_TEST_CASE(a_slow_store_that_is_not_known_yet) {
    world w(film);
    w.store.rate = 1 * MB;
    std::list<request> all{{milliseconds(0), named(0, 10'000'000)}, {milliseconds(60), named(1'900'000, 100'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(30));
    check_first_byte(w, all.back(), max_first_byte_of_late_decision);
}

// A page that comes later than an answer.
BOOST_AUTO_TEST_CASE(the_next_page_of_a_slow_store) {
    world w(film);
    w.store.rate = 0.2 * MB;
    w.store.is_known();
    std::list<request> all{{milliseconds(0), named(0, 1'000'000)},
                           {milliseconds(750), named(3 * cache::page_size, 10'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(30));
    check_first_byte(w, all.back());
}

// A fill that pauses at its beginning finds what piled up in the sockets, and counts as that fast for some time.
BOOST_AUTO_TEST_CASE(a_fill_that_paused_first_seems_fast) {
    world w(film);
    w.store.rate = 2 * MB;
    w.store.is_known();
    // The first leaves a page in the middle of what the second, who stops, asks for: a fill begins behind it, and
    // waits.
    std::list<request> all{{milliseconds(0), named(2 * MiB, 10'000)},
                           {milliseconds(1000), {0, 3'999'999, std::nullopt, 50'000}},
                           {milliseconds(5000), named(2 * MiB + cache::page_size, 1'500'000)},
                           {milliseconds(5030), named(2 * MiB + 1'200'000, 10'000)}};
    start(w, all);
    w.clock.run(w.clock.now() + seconds(30));
    check_first_byte(w, all.back(), max_first_byte_of_late_decision);
}

// A request that has no byte yet is left to the app after `fallback.after`, also where it waits for a fill, which has
// the store's patience.
BOOST_AUTO_TEST_CASE(a_store_that_stalls_behind_its_head) {
    world w(film);
    w.store.is_known();
    const auto began = w.clock.now();
    w.store.blips = {{fault::stalled, began + milliseconds(50), began + milliseconds(8050)}};
    std::list<request> all{{milliseconds(0), named(0, 100'000)}};
    start(w, all);
    w.clock.run(began + seconds(60));
    const auto& o = all.front().out;
    const auto answered = o.first_byte.value_or(o.ended);
    BOOST_TEST(in_ms(answered - began) <= in_ms(max_wait_for_first));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::media::simulation
