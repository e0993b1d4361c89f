#include <sluice/origin/retry_rules.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::origin;
using namespace std::chrono_literals;

namespace {

std::optional<std::chrono::milliseconds> asked_for(std::string_view value) {
    http::response_head head;
    head.status = 503;
    head.fields.items.push_back({"retry-after", value});
    return retry_after(head, std::chrono::sys_days{std::chrono::January / 2 / 2026});
}

const error busy{errc::store_error, error_source::origin, true, "503"};

} // namespace

BOOST_AUTO_TEST_SUITE(retry_rules)

BOOST_AUTO_TEST_CASE(reads_what_the_store_asks_for) {
    BOOST_TEST((asked_for("3") == 3000ms));
    BOOST_TEST((asked_for("0") == 0ms));
    BOOST_TEST((asked_for("Fri, 02 Jan 2026 00:00:07 GMT") == 7000ms));
    BOOST_TEST((asked_for("Thu, 01 Jan 2026 23:59:59 GMT") == 0ms)); // past
    BOOST_TEST((asked_for("4294967295") == std::chrono::milliseconds(24h)));
    BOOST_TEST((asked_for("99999999999") == std::chrono::milliseconds(24h)));
    // A time that the wall clock, which counts nanoseconds, cannot tell; and as long ago.
    BOOST_TEST((asked_for("Fri, 31 Dec 9999 23:59:59 GMT") == std::chrono::milliseconds(24h)));
    BOOST_TEST((asked_for("Sat, 12 Apr 2262 00:00:00 GMT") == std::chrono::milliseconds(24h)));
    BOOST_TEST((asked_for("Mon, 01 Jan 1601 00:00:00 GMT") == 0ms));
    for (const auto* bad : {"", "-1", "1.5", "3 s", "soon"}) {
        BOOST_TEST(!asked_for(bad).has_value(), bad);
    }
    BOOST_TEST(!retry_after({}, {}).has_value());
}

BOOST_AUTO_TEST_CASE(backs_off_by_doubling_up_to_a_second) {
    const std::chrono::milliseconds expected[] = {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms};
    for (unsigned i = 0; i < std::size(expected); ++i) {
        BOOST_TEST((back_off_after(i + 1) == expected[i]));
    }
    BOOST_TEST((back_off_after(0) == 50ms));
    BOOST_TEST((back_off_after(1'000'000) == 1000ms));
}

BOOST_AUTO_TEST_CASE(time_ends_a_request_and_not_a_count) {
    for (const unsigned in_row : {1U, 4U, 40U, 4'000'000'000U}) {
        BOOST_TEST(after_failure({busy, in_row}, 1001ms).again);
        BOOST_TEST(!after_failure({busy, in_row}, 50ms).again);
        BOOST_TEST(!after_failure({busy, in_row}, -1s).again);
    }
    const auto next = after_failure({busy, 3}, 5s);
    BOOST_TEST((next.pause == 200ms));
    BOOST_TEST(!next.exact);
}

BOOST_AUTO_TEST_CASE(what_the_store_asks_for_is_kept_where_there_is_time) {
    const auto waits = after_failure({busy, 1, 2s}, 5s);
    BOOST_TEST(waits.again);
    BOOST_TEST((waits.pause == 2s));
    BOOST_TEST(waits.exact);
    BOOST_TEST(!after_failure({busy, 1, 5s}, 5s).again);
    BOOST_TEST((after_failure({busy, 1, 0ms}, 5s).pause == 50ms)); // never at once
}

BOOST_AUTO_TEST_CASE(what_waiting_cannot_mend_is_not_waited_for) {
    const error not_there{errc::not_found, error_source::origin, false};
    const error no_key{errc::no_credentials, error_source::origin, true};
    BOOST_TEST(!after_failure({not_there}, 5s).again);
    BOOST_TEST(!after_failure({no_key}, 5s).again);
}

BOOST_AUTO_TEST_SUITE_END()
