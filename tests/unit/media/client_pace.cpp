#include <sluice/media/client_pace.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::uint64_t first = MiB + 256 * KiB;
constexpr std::uint64_t reading = 3 * MiB + 512 * KiB;
constexpr steady_clock::time_point start{1h};

std::uint64_t ahead(const client_pace& p, std::uint64_t read_ahead = 200 * MiB) {
    return p.ahead(first, MiB, read_ahead);
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_client_pace)

BOOST_AUTO_TEST_CASE(a_client_that_has_not_shown_that_it_reads) {
    client_pace p(start);
    BOOST_TEST(ahead(p) == first);
    BOOST_TEST(ahead(p, MiB) == MiB); // `read_ahead`
    p.update(256 * KiB - 1, start + 10ms);
    BOOST_TEST(ahead(p) == first);
    p.update(256 * KiB - 1, start + 1min); // slow
    BOOST_TEST(ahead(p) == MiB);
}

BOOST_AUTO_TEST_CASE(a_fast_one_has_as_much_as_it_took_up_to_the_most) {
    client_pace p(start);
    p.update(256 * KiB, start + 10ms);
    BOOST_TEST(ahead(p) == reading);
    p.update(MiB + 128 * KiB, start + 50ms);
    BOOST_TEST(ahead(p) == reading);
    p.update(2 * MiB, start + 70ms);
    BOOST_TEST(ahead(p) == 6 * MiB);
    BOOST_TEST(ahead(p, 4 * MiB) == 4 * MiB);
    p.update(16 * MiB, start + 100ms);
    BOOST_TEST(ahead(p) == 8 * MiB);
    p.update(40 * MiB, start + 300ms);
    BOOST_TEST(ahead(p) == 20 * MiB);
    BOOST_TEST(ahead(p, 16 * MiB) == 16 * MiB);
}

BOOST_AUTO_TEST_CASE(a_slow_one_has_four_seconds_of_what_it_takes) {
    client_pace p(start);
    p.update(40 * MiB, start + 1s); // into buffers on the way
    std::uint64_t taken = 40 * MiB;
    for (int i = 2; i < 40; ++i) {
        p.update(taken += MiB, start + i * 1s);
    }
    BOOST_TEST(ahead(p) == 4 * MiB);
    for (int i = 40; i < 80; ++i) {
        p.update(taken += 10'000, start + i * 1s);
    }
    BOOST_TEST(ahead(p) == MiB);
}

BOOST_AUTO_TEST_CASE(what_was_taken_is_not_given_back) {
    client_pace p(start);
    p.update(8 * MiB, start + 10ms);
    p.update(MiB, start + 20ms); // the queue grew
    BOOST_TEST(ahead(p) == 8 * MiB);
    BOOST_TEST(ahead(p, 3 * MiB) == 3 * MiB);
}

BOOST_AUTO_TEST_CASE(a_read_ahead_below_the_least) {
    const client_pace p(start);
    BOOST_TEST(p.ahead(first, 4 * MiB, MiB) == 4 * MiB);
}

BOOST_AUTO_TEST_SUITE_END()
