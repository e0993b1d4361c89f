#include <sluice/http/freshness.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace sluice::http;
using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

BOOST_AUTO_TEST_SUITE(freshness)

BOOST_AUTO_TEST_CASE(by_seconds) {
    using clock = std::chrono::steady_clock;
    const clock::time_point now(100h);
    BOOST_TEST(is_fresh(now, now, 1s));
    BOOST_TEST(is_fresh(now - 999ms, now, 1s));
    BOOST_TEST(!is_fresh(now - 1s, now, 1s));
    BOOST_TEST(!is_fresh(now + 1ns, now, 24h)); // from the future
    BOOST_TEST(!is_fresh(now, now, 0s));
    BOOST_TEST(!is_fresh(now, now, -5s));
    BOOST_TEST(is_fresh(clock::time_point(-1h), now, 102h)); // before the machine was started
    BOOST_TEST(!is_fresh(clock::time_point::min(), clock::time_point::max(), 24h));
    BOOST_TEST(is_fresh(clock::time_point(0ns), clock::time_point::max(), std::chrono::seconds::max()));
    BOOST_TEST(is_fresh(sys_seconds{5s}, sys_seconds{9s}, 5s));
    BOOST_TEST(!is_fresh(sys_seconds{5s}, sys_seconds{10s}, 5s));

    BOOST_TEST(is_usable_stale(now - 24h - 59min, now, 24h, 1h));
    BOOST_TEST(!is_usable_stale(now - 25h, now, 24h, 1h));
    BOOST_TEST(!is_usable_stale(now + 1s, now, 24h, 1h));
    BOOST_TEST(is_usable_stale(now - 1h, now, std::chrono::seconds::max(), std::chrono::seconds::max()));
    BOOST_TEST(!is_usable_stale(now, now, 0s, 0s));
}

BOOST_AUTO_TEST_CASE(any_duration) {
    using clock = std::chrono::steady_clock; // nanoseconds
    const clock::time_point now(100h);
    // The config's own: milliseconds.
    BOOST_TEST(is_fresh(now - 250ms + 1ns, now, 250ms));
    BOOST_TEST(!is_fresh(now - 250ms, now, 250ms));
    BOOST_TEST(!is_fresh(now, now, -1ms));
    BOOST_TEST(is_fresh(now - 9ns, now, 10ns));
    BOOST_TEST(!is_fresh(now - 10ns, now, 10ns));
    BOOST_TEST(is_fresh(now - 23h, now, std::chrono::days(1)));
    // A limit that is finer than the clock.
    BOOST_TEST(is_fresh(sys_seconds{5s}, sys_seconds{6s}, 1001ms));
    BOOST_TEST(!is_fresh(sys_seconds{5s}, sys_seconds{6s}, 1000ms));
    BOOST_TEST(!is_fresh(sys_seconds{5s}, sys_seconds{6s}, 999'999'999ns));
    // 1/30 s and 1/1000 s: neither is a whole number of the other.
    using frames = std::chrono::duration<int, std::ratio<1, 30>>;
    BOOST_TEST(is_fresh(now - 33ms, now, frames(1)));
    BOOST_TEST(!is_fresh(now - 34ms, now, frames(1)));

    BOOST_TEST(is_usable_stale(now - 1249ms, now, 1s, 250ms));
    BOOST_TEST(!is_usable_stale(now - 1250ms, now, 1s, 250ms));
    BOOST_TEST(is_usable_stale(now - 1249ms, now, 250ms, 1s));
    BOOST_TEST(!is_usable_stale(now - 250ms, now, 250ms, -1h)); // less than nothing is nothing
    BOOST_TEST(is_usable_stale(now - 249ms, now, 250ms, 0s));
}

BOOST_AUTO_TEST_CASE(immutable_and_endless) {
    using clock = std::chrono::steady_clock;
    const clock::time_point now(100h);
    const auto oldest = clock::time_point::min();
    // The longest duration of any type is an immutable object's: such a one does not age, whatever a clock says.
    BOOST_TEST(is_fresh(oldest, clock::time_point::max(), milliseconds::max()));
    BOOST_TEST(is_fresh(now, now, milliseconds::max()));
    BOOST_TEST(is_fresh(now + 1h, now, milliseconds::max()));
    BOOST_TEST(is_fresh(now - 1h, now, hours::max()));
    BOOST_TEST(is_fresh(now - 1h, now, nanoseconds::max()));
    BOOST_TEST(is_usable_stale(now + 1h, now, milliseconds::max(), 1h));
    // Sums and products that do not fit are endless; the future is still no time to have been checked at.
    BOOST_TEST(is_usable_stale(oldest, now, 1ms, milliseconds::max()));
    BOOST_TEST(is_usable_stale(oldest, now, milliseconds::max() - 1ms, milliseconds::max() - 1ms));
    BOOST_TEST(!is_usable_stale(now + 1ns, now, 1ms, milliseconds::max()));
    BOOST_TEST(is_fresh(oldest, now, milliseconds::max() - 1ms));
    BOOST_TEST(!is_fresh(now + 1ns, now, milliseconds::max() - 1ms));
    BOOST_TEST(is_fresh(now, now, milliseconds::min()) == false);
    BOOST_TEST(!is_fresh(sys_seconds::min(), sys_seconds::max(), 1ns));
    static_assert(is_fresh(sys_seconds{5s}, sys_seconds{9s}, 4001ms) &&
                  !is_fresh(sys_seconds{5s}, sys_seconds{9s}, 4s));
}

BOOST_AUTO_TEST_SUITE_END()
