#include <sluice/sign/failure_backoff.hpp>

#include <boost/test/unit_test.hpp>

#include "vectors.hpp"

using namespace std::chrono_literals;
using sluice::error;
using sluice::sign::failure_backoff;

BOOST_AUTO_TEST_SUITE(failures_of_a_service)

BOOST_AUTO_TEST_CASE(after_a_failure_one_caller_alone_tries) {
    failure_backoff backoff;
    auto now = vectors::time("2026-01-15T12:00:00Z");
    const error down{sluice::errc::sign_failed, sluice::error_source::origin, true, "down"};
    BOOST_TEST(backoff.try_use(now).has_value());
    backoff.failed(down, now);
    for (int i = 0; i < 50; ++i) {
        backoff.failed(down, now); // they tried at the same time: the wait does not grow
    }
    BOOST_TEST(backoff.try_use(now + 700ms).error().detail == "down");
    now += 1300ms;
    BOOST_TEST(backoff.try_use(now).has_value());
    BOOST_TEST(backoff.try_use(now).has_error()); // somebody tries already
    backoff.failed(down, now);
    BOOST_TEST(backoff.try_use(now + 1500ms).has_error()); // longer than the first time
    BOOST_TEST(backoff.try_use(now - 1h).has_value());     // a clock that was set back
    BOOST_TEST(backoff.try_use(now + 11s).has_value());    // whoever tried never reported
    backoff.succeeded();
    BOOST_TEST(backoff.try_use(now).has_value());
    backoff.failed(down, now);
    BOOST_TEST(backoff.try_use(now + 1300ms).has_value()); // a new row
}

BOOST_AUTO_TEST_SUITE_END()
