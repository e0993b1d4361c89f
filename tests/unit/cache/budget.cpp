#include <sluice/cache/budget.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace sluice::cache {

BOOST_AUTO_TEST_SUITE(room)

BOOST_AUTO_TEST_CASE(what_fits_is_charged_and_what_does_not_is_not) {
    budget b(100);
    BOOST_TEST(b.try_charge(60));
    BOOST_TEST(!b.try_charge(41));
    BOOST_TEST(b.used() == 60U);
    BOOST_TEST(b.try_charge(40));
    BOOST_TEST(!b.try_charge(1));
    BOOST_TEST(b.try_charge(0));
    b.release(100);
    BOOST_TEST(b.used() == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_there_already_counts_beyond_the_limit) {
    budget b(100);
    b.charge(150);
    BOOST_TEST(b.used() == 150U);
    BOOST_TEST(!b.try_charge(1));
    b.release(60);
    BOOST_TEST(b.try_charge(10));
    BOOST_TEST(!b.try_charge(1));
}

BOOST_AUTO_TEST_CASE(many_threads_never_go_over_the_limit) {
    constexpr std::uint64_t limit = 1000;
    budget b(limit);
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&b, &over, t] {
            for (std::uint64_t i = 0; i < 20000; ++i) {
                const std::uint64_t bytes = (i * 7 + t * 13) % 400 + 1;
                if (b.try_charge(bytes)) {
                    over = over || b.used() > limit;
                    b.release(bytes);
                }
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    BOOST_TEST(!over);
    BOOST_TEST(b.used() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache
