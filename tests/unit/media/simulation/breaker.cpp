// What opens the breaker: a store that fails, not one object that does.
#include <boost/test/unit_test.hpp>

#include "store_model.hpp"

#include <string>
#include <vector>

namespace sluice::media::simulation {

namespace {

/// A store, and requests to it past the cache.
struct store_alone {
    asio::io_context context;
    virtual_clock clock{context};
    store_model store{clock};

    steady_clock::time_point begin() const { return clock.now(); }
    void fails(fault kind, milliseconds after, milliseconds length, milliseconds retry_after = milliseconds(0)) {
        store.blips.push_back({kind, begin() + after, begin() + after + length, retry_after});
    }
};

struct asked {
    std::optional<errc> failed{};
    bool done{false};
    steady_clock::duration took{};
};

awaitable<void> ask(store_alone& s, steady_clock::time_point at, std::string key, milliseconds time, asked& out) {
    co_await s.clock.until(at);
    question q{std::move(key), 1000, at + time};
    auto got = co_await fetch(s.store, std::move(q));
    out.done = true;
    out.took = s.clock.now() - at;
    if (!got) {
        out.failed = got.error().code;
    }
}

/// `count` requests, `apart` from each other, for `keys` objects in turn.
std::vector<asked> ask_many(store_alone& s, unsigned count, unsigned keys, milliseconds apart,
                            milliseconds time = fetch_timeout) {
    std::vector<asked> all(count);
    const auto began = s.clock.now();
    for (unsigned i = 0; i < count; ++i) {
        s.clock.spawn(ask(s, began + i * apart, "object " + std::to_string(i % keys), time, all[i]));
    }
    s.clock.run(began + count * apart + seconds(60));
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_simulation_breaker)

BOOST_AUTO_TEST_CASE(one_bad_object_does_not_open_it) {
    for (const auto kind : {fault::unavailable, fault::reset, fault::stalled}) {
        store_alone s;
        s.fails(kind, milliseconds(0), seconds(1000));
        for (const auto& each : ask_many(s, 100, breaker_failures - 1, milliseconds(100))) {
            BOOST_TEST(each.done);
            BOOST_TEST((each.failed.has_value() && *each.failed != errc::breaker_open));
            BOOST_TEST(in_ms(each.took) <= in_ms(fetch_timeout + retry_grain));
        }
        BOOST_TEST(!s.store.breaker.is_open());
    }
}

BOOST_AUTO_TEST_CASE(different_objects_do) {
    for (const auto kind : {fault::refused, fault::unavailable, fault::reset, fault::stalled}) {
        store_alone s;
        s.fails(kind, milliseconds(0), seconds(20));
        const auto all = ask_many(s, 200, 200, milliseconds(200));
        // As soon as five were given up, nobody waits for it any more ...
        unsigned waited = 0;
        unsigned refused = 0;
        unsigned answered = 0;
        for (const auto& each : all) {
            waited += each.failed && *each.failed != errc::breaker_open ? 1 : 0;
            refused += each.failed == errc::breaker_open ? 1 : 0;
            answered += each.failed ? 0 : 1;
        }
        BOOST_TEST(waited <= fetch_timeout / milliseconds(200) + 2 * breaker_failures);
        BOOST_TEST(refused > 20U);
        BOOST_TEST(answered > 20U); // ... until it answers again
        BOOST_TEST(!s.store.breaker.is_open());
        BOOST_TEST(!all.back().failed.has_value());
        std::printf("dead for 20 s: %u waited, %u refused at once, %u answered\n", waited, refused, answered);
    }
}

BOOST_AUTO_TEST_CASE(a_short_blip_does_not) {
    for (const auto kind : {fault::refused, fault::unavailable, fault::reset, fault::stalled, fault::throttled}) {
        store_alone s;
        s.fails(kind, milliseconds(500), milliseconds(2000), milliseconds(1000));
        for (const auto& each : ask_many(s, 100, 100, milliseconds(50))) {
            BOOST_TEST(!each.failed.has_value());
            BOOST_TEST(in_ms(each.took) <= 2000 + in_ms(last_pause + retry_grain));
        }
        BOOST_TEST(!s.store.breaker.is_open());
    }
}

BOOST_AUTO_TEST_CASE(a_store_that_asks_for_a_slower_pace_does_not) {
    store_alone s;
    s.fails(fault::throttled, milliseconds(0), seconds(1000), milliseconds(1000));
    for (const auto& each : ask_many(s, 50, 50, milliseconds(100))) {
        BOOST_TEST((each.failed == errc::throttled));
    }
    BOOST_TEST(!s.store.breaker.is_open());
    BOOST_TEST(s.store.requests <= 50 * (fetch_timeout / milliseconds(1000))); // no sooner than it asked for
    store_alone patient;
    patient.fails(fault::throttled, milliseconds(0), seconds(1000), seconds(30));
    for (const auto& each : ask_many(patient, 10, 10, milliseconds(100))) {
        BOOST_TEST((each.failed == errc::throttled));
        BOOST_TEST(in_ms(each.took) <= in_ms(patient.store.latency)); // more than there is: nobody waits
    }
}

BOOST_AUTO_TEST_CASE(attempts_that_were_cut_short_do_not) {
    store_alone s;
    s.fails(fault::stalled, milliseconds(0), seconds(1000));
    for (const auto& each : ask_many(s, 50, 50, milliseconds(100), milliseconds(1000))) {
        BOOST_TEST((each.failed == errc::timeout));
    }
    BOOST_TEST(!s.store.breaker.is_open());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::media::simulation
