#include <sluice/origin/breaker.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::origin;
using namespace std::chrono_literals;

namespace {

void fail(breaker& b, std::string_view object, steady_clock::time_point now) {
    static_cast<void>(b.failed(object, now, "timeout"));
}

void succeed(breaker& b) {
    static_cast<void>(b.succeeded());
}

} // namespace

BOOST_AUTO_TEST_SUITE(breakers)

BOOST_AUTO_TEST_CASE(opens_after_so_many_in_a_row) {
    breaker b(3, 10s);
    const steady_clock::time_point now(1h);
    BOOST_TEST(b.allow(now));
    fail(b, "a", now);
    fail(b, "b", now);
    BOOST_TEST(b.allow(now));
    succeed(b); // in a row is what counts
    fail(b, "a", now);
    fail(b, "b", now);
    BOOST_TEST(b.allow(now));
    fail(b, "c", now);
    BOOST_TEST(!b.allow(now));
    BOOST_TEST(!b.allow(now + 10s - 1ns));
}

BOOST_AUTO_TEST_CASE(one_object_alone_never_opens_it) {
    breaker b(2, 10s);
    const steady_clock::time_point now(1h);
    for (int i = 0; i < 100; ++i) {
        fail(b, "bad", now);
    }
    BOOST_TEST(b.allow(now));
    fail(b, "worse", now);
    BOOST_TEST(!b.allow(now));
    fail(b, "bad", now + 5s); // while it is open, any failure keeps it so
    BOOST_TEST(!b.allow(now + 15s - 1ns));
    BOOST_TEST(b.allow(now + 15s));
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_reached_opens_it_whatever_the_objects) {
    breaker b(3, 10s);
    const steady_clock::time_point now(1h);
    BOOST_TEST(!b.failed("", now, "connect_failed"));
    BOOST_TEST(!b.failed("", now, "connect_failed"));
    BOOST_TEST(b.allow(now));
    BOOST_TEST(b.failed("", now, "connect_failed"));
    BOOST_TEST(!b.allow(now));
}

BOOST_AUTO_TEST_CASE(one_trial_closes_it_or_opens_it_again) {
    breaker b(1, 10s);
    steady_clock::time_point now(1h);
    fail(b, "a", now);
    now += 10s;
    BOOST_TEST(b.allow(now)); // the trial
    BOOST_TEST(!b.allow(now));
    BOOST_TEST(!b.allow(now + 9s));
    now += 1s;
    fail(b, "a", now);
    BOOST_TEST(!b.allow(now + 10s - 1ns)); // counted from the trial's end
    now += 10s;
    BOOST_TEST(b.allow(now));
    succeed(b);
    BOOST_TEST(b.allow(now));
    BOOST_TEST(b.allow(now));
    fail(b, "a", now);
    BOOST_TEST(!b.allow(now));
}

BOOST_AUTO_TEST_CASE(a_trial_that_is_never_heard_of_does_not_hold_it_shut) {
    breaker b(2, 10s);
    steady_clock::time_point now(1h);
    fail(b, "a", now);
    fail(b, "b", now);
    now += 10s;
    BOOST_TEST(b.allow(now)); // its client went away
    BOOST_TEST(!b.allow(now + 9s));
    BOOST_TEST(b.allow(now + 10s));
    BOOST_TEST(!b.allow(now + 10s));
}

BOOST_AUTO_TEST_CASE(an_opening_is_logged_once_and_its_closing) {
    breaker b(2, 10s);
    steady_clock::time_point now(1h);
    BOOST_TEST(!b.succeeded()); // it was never open
    BOOST_TEST(!b.failed("a", now, "timeout: one"));
    BOOST_TEST(!b.is_open());
    BOOST_TEST(b.failed("b", now, "timeout: two"));
    BOOST_TEST(b.is_open());
    BOOST_TEST(b.cause() == "timeout: two");
    for (int i = 0; i < 100; ++i) { // trials that fail
        now += 10s;
        BOOST_TEST(b.allow(now));
        BOOST_TEST(!b.failed("c", now, "connect_failed"));
    }
    BOOST_TEST(b.cause() == "connect_failed");
    BOOST_TEST(b.succeeded());
    BOOST_TEST(!b.is_open());
    BOOST_TEST(!b.succeeded());
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_now_and_then_does_not_flood_the_log) {
    breaker b(1, 10ms);
    steady_clock::time_point now(1h);
    int lines = 0;
    for (int i = 0; i < 600; ++i, now += 100ms) { // a minute
        lines += b.failed("a", now, "timeout") ? 1 : 0;
        lines += b.succeeded() ? 1 : 0;
    }
    BOOST_TEST(lines == 2);
    // Where it stays open then, that is said after all.
    BOOST_TEST(b.failed("a", now, "timeout"));
    BOOST_TEST(b.succeeded());
    BOOST_TEST(!b.failed("a", now + 1s, "timeout"));
    BOOST_TEST(!b.failed("a", now + 1min - 1ns, "timeout"));
    BOOST_TEST(b.failed("a", now + 1min, "timeout"));
    BOOST_TEST(b.succeeded());
}

BOOST_AUTO_TEST_CASE(one_of_many_threads_gets_the_trial) {
    breaker b(1, 10s);
    const steady_clock::time_point now(1h);
    fail(b, "a", now);
    std::atomic<int> allowed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) {
                allowed.fetch_add(b.allow(now + 10s) ? 1 : 0);
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    BOOST_TEST(allowed.load() == 1);
}

BOOST_AUTO_TEST_CASE(a_time_out_counts_where_the_attempt_had_time) {
    const auto hurried = [](steady_clock::duration left, steady_clock::duration took,
                            steady_clock::duration whole = 10s) {
        return was_hurried({left, took, whole}, 5s);
    };
    // Half of what a request has is enough.
    BOOST_TEST(!hurried(5s, 5s));
    BOOST_TEST(!hurried(2500ms, 2500ms));
    BOOST_TEST(!hurried(2500ms, 2550ms)); // deadlines are looked at every 50 ms
    BOOST_TEST(hurried(2499ms, 2499ms));
    BOOST_TEST(hurried(2499ms, 2549ms));
    BOOST_TEST(hurried(1ms, 40ms));
    BOOST_TEST(hurried(0ms, 40ms));
    BOOST_TEST(hurried(-100ms, 40ms)); // what came before it took longer than there was
    // Or its own whole time-out, however short that is.
    BOOST_TEST(!hurried(1s, 1s, 1s));
    BOOST_TEST(!hurried(2s, 1s, 1s));
    BOOST_TEST(hurried(999ms, 1s, 1s));
    // It ended before its request's time did: by the store's time-out of connecting.
    BOOST_TEST(!hurried(2s, 500ms));
    BOOST_TEST(!hurried(2s, 1999ms));
}

BOOST_AUTO_TEST_SUITE_END()
