// What is worth one line of the log however often it happens.
#include <sluice/base/once_filter.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(once_filter)

BOOST_AUTO_TEST_CASE(the_first_of_each_text_alone) {
    sluice::once_filter said;
    BOOST_TEST(said.is_first("a"));
    BOOST_TEST(!said.is_first("a"));
    BOOST_TEST(said.is_first("b"));
    BOOST_TEST(!said.is_first("a"));
}

BOOST_AUTO_TEST_CASE(one_of_many_threads_is_the_first) {
    sluice::once_filter said;
    std::atomic<int> firsts{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 100; ++n) {
                    firsts += said.is_first(std::to_string(n)) ? 1 : 0;
                }
            });
        }
    }
    BOOST_TEST(firsts == 100);
}

BOOST_AUTO_TEST_SUITE_END()
