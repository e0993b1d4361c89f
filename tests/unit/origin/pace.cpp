#include <sluice/origin/pace.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::origin;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t KiB = 1024;

void check_near(byte_time measured, double nanoseconds) {
    BOOST_TEST(measured.count() == nanoseconds, boost::test_tools::tolerance(0.01));
}

} // namespace

BOOST_AUTO_TEST_SUITE(origin_pace)

BOOST_AUTO_TEST_CASE(a_transfer_is_measured_by_its_reads) {
    fill_pace p(byte_time(25));
    check_near(p.each(), 25);
    p.add(128 * KiB, 5ms); // too short to say anything
    BOOST_TEST(!p.is_measured());
    p.add(128 * KiB, 5ms);
    BOOST_TEST(p.is_measured());
    check_near(p.each(), 1e7 / (256 * KiB));
    for (int i = 0; i < 100; ++i) {
        p.add(100'000, 100ms);
    }
    check_near(p.each(), 1000);
}

BOOST_AUTO_TEST_CASE(what_piled_up_in_a_pause_counts_little) {
    fill_pace p(byte_time(25));
    for (int i = 0; i < 50; ++i) {
        p.add(100'000, 100ms); // 1 MB/s
    }
    for (int i = 0; i < 48; ++i) {
        p.add(128 * KiB, 10us); // 6 MiB at once
    }
    p.add(100'000, 100ms);
    BOOST_TEST(p.each().count() > 700);
}

BOOST_AUTO_TEST_CASE(a_store_begins_with_a_guess_and_follows_what_is_seen) {
    pace p;
    BOOST_TEST((p.first_byte() == 50ms));
    check_near(p.each(), 25);
    check_near(p.cautious_each(), 1000);
    p.note_first_byte(200ms);
    BOOST_TEST((p.first_byte() == 200ms));
    p.note_first_byte(100ms);
    BOOST_TEST((p.first_byte() == 175ms));
    p.note_byte_time(byte_time(100));
    check_near(p.each(), 100);
    check_near(p.cautious_each(), 100);
    p.note_byte_time(byte_time(500));
    check_near(p.each(), 200);
}

BOOST_AUTO_TEST_CASE(times) {
    BOOST_TEST((time_for(0, byte_time(1000)) == 0ns));
    BOOST_TEST((time_for(1'000'000, byte_time(25)) == 25ms));
    BOOST_TEST((time_for(1ULL << 50U, byte_time(0)) == 0ns));
}

BOOST_AUTO_TEST_SUITE_END()
