#include <sluice/media/join_rules.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;

constexpr origin::byte_time at(double megabytes_a_second) {
    return origin::byte_time(1000 / megabytes_a_second);
}

constexpr own_request usual{50ms, at(40)};

approach to(std::uint64_t distance, origin::byte_time each, steady_clock::duration until_first_byte = 0ms,
            std::uint64_t into_page = 0, const own_request& own = usual) {
    return choose_approach({distance, until_first_byte, each}, into_page, own);
}

} // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(approach)

BOOST_AUTO_TEST_SUITE(media_join_rules)

BOOST_AUTO_TEST_CASE(waits_for_what_comes_sooner) {
    BOOST_TEST(to(0, at(40)) == approach::join);
    BOOST_TEST(to(2 * MiB, at(40)) == approach::join);   // 52 ms
    BOOST_TEST(to(2'200'000, at(40)) == approach::join); // 55 ms, a tenth more and no request
    BOOST_TEST(to(2'300'000, at(40)) == approach::ask_page);
    BOOST_TEST(to(14 * MiB, at(40)) == approach::ask_page);
    BOOST_TEST(to(10'000'000, at(1)) == approach::ask_page);
    BOOST_TEST(to(10'000'000, at(1000)) == approach::join);
    // A near store answers in a millisecond: nobody sees 5.
    const own_request near{1ms, at(400)};
    BOOST_TEST(to(2'000'000, at(400), 0ms, 0, near) == approach::join);
    BOOST_TEST(to(2'000'001, at(400), 0ms, 0, near) == approach::ask_page);
}

BOOST_AUTO_TEST_CASE(counts_the_time_to_the_first_byte) {
    // Two requests at once: the one that began first is no further than the other's would be.
    BOOST_TEST(to(64 * KiB, at(40), 50ms) == approach::join);
    BOOST_TEST(to(MiB, at(40), 50ms) == approach::ask_page);
    BOOST_TEST(to(MiB, at(40), 10ms) == approach::join);
    // A store that was slow when it began: it comes no later than one that would begin now.
    BOOST_TEST(to(64 * KiB, at(40), 400ms) == approach::join);
    BOOST_TEST(to(MiB, at(40), 400ms) == approach::ask_page);
}

BOOST_AUTO_TEST_CASE(what_is_near_may_be_far_in_time) {
    BOOST_TEST(to(64 * KiB, at(40)) == approach::join);
    BOOST_TEST(to(10'000, at(0.1)) == approach::ask_page); // 100 ms
    BOOST_TEST(to(5'500, at(0.1)) == approach::join);      // 55 ms
}

BOOST_AUTO_TEST_CASE(a_fill_is_as_fast_as_it_was_seen_to_be) {
    const auto seen = [](std::uint64_t brought, steady_clock::duration waited) {
        return seen_byte_time(at(40), brought, waited, usual).count();
    };
    BOOST_TEST(seen(0, 49ms) == 25); // it may be about to come
    BOOST_TEST(seen(0, 50ms) == 50e6);
    BOOST_TEST(seen(1000, 50ms) == 50'000);
    BOOST_TEST(seen(50'000, 50ms) == 1000);
    BOOST_TEST(seen(10'000'000, 50ms) == 25); // what it brought at once had piled up
}

BOOST_AUTO_TEST_CASE(waits_for_a_silent_fill_no_longer_than_for_a_request_of_its_own) {
    const steady_clock::time_point began{};
    const auto waited = [&](steady_clock::duration first_byte, steady_clock::duration now) {
        return waited_beyond_first_byte(began, began + first_byte, began + now, usual) / 1ms;
    };
    BOOST_TEST(waited(-10ms, 30ms) == 30); // it was there already
    BOOST_TEST(waited(20ms, 30ms) == 10);
    BOOST_TEST(waited(2000ms, 30ms) == -20); // the store was slow when it began
    BOOST_TEST(waited(2000ms, 110ms) == 60);
}

BOOST_AUTO_TEST_CASE(begins_inside_a_page_where_its_beginning_costs_more_than_a_tenth) {
    const own_request slow{50ms, at(1)};
    BOOST_TEST(to(MiB, at(1), 0ms, 5000, slow) == approach::ask_page);
    BOOST_TEST(to(MiB, at(1), 0ms, 5001, slow) == approach::ask_inside);
    BOOST_TEST(to(14 * MiB, at(40), 0ms, 64 * KiB - 1, usual) == approach::ask_page); // 1.6 ms
    BOOST_TEST(to(MiB, at(1), 0ms, 64 * KiB - 1, usual) == approach::ask_inside);     // the store has become slow
    const own_request near{1ms, at(40)};
    BOOST_TEST(to(14 * MiB, at(40), 0ms, 64 * KiB - 1, near) == approach::ask_page); // unnoticed
}

BOOST_AUTO_TEST_SUITE_END()
