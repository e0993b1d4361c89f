#include <sluice/media/client_pace.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t MiB = 1U << 20U;
constexpr steady_clock::time_point start{1h};

} // namespace

BOOST_AUTO_TEST_SUITE(media_client_pace)

BOOST_AUTO_TEST_CASE(a_client_that_took_nothing_yet_has_the_least) {
    const client_pace p(start);
    BOOST_TEST(!p.is_known());
    BOOST_TEST(p.window(MiB, 16 * MiB) == MiB);
}

BOOST_AUTO_TEST_CASE(a_fast_one_has_as_much_as_it_took_up_to_the_most) {
    client_pace p(start);
    p.add(3 * MiB, start + 10ms);
    BOOST_TEST(p.window(MiB, 16 * MiB) == 3 * MiB);
    p.add(30 * MiB, start + 300ms);
    BOOST_TEST(p.window(MiB, 16 * MiB) == 16 * MiB);
}

BOOST_AUTO_TEST_CASE(a_slow_one_has_four_seconds_of_what_it_takes) {
    client_pace p(start);
    p.add(40 * MiB, start + 1s); // into buffers on the way
    for (int i = 2; i < 40; ++i) {
        p.add(MiB, start + i * 1s);
    }
    BOOST_TEST(p.window(MiB, 200 * MiB) == 4 * MiB);
    for (int i = 40; i < 80; ++i) {
        p.add(10'000, start + i * 1s);
    }
    BOOST_TEST(p.window(MiB, 200 * MiB) == MiB);
}

BOOST_AUTO_TEST_CASE(what_it_took_bounds_what_is_ahead) {
    client_pace p(start);
    p.add(2 * MiB, start + 250ms); // 8 MiB a second, but who knows for how long
    BOOST_TEST(p.window(MiB, 200 * MiB) == 4 * MiB);
    BOOST_TEST(p.window(4 * MiB, MiB) == 4 * MiB); // `read_ahead` below the least
}

BOOST_AUTO_TEST_SUITE_END()
