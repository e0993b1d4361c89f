#include <sluice/base/scoped_count.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using namespace sluice;

BOOST_AUTO_TEST_SUITE(counting)

BOOST_AUTO_TEST_CASE(a_place_is_given_back_once_wherever_it_ends) {
    std::atomic<unsigned> open{0};
    {
        scoped_count<unsigned> first(open);
        scoped_count<unsigned> second(open);
        BOOST_TEST(first.before() == 0U);
        BOOST_TEST(second.before() == 1U);
        const scoped_count<unsigned> moved(std::move(second));
        BOOST_TEST(moved.before() == 1U);
        BOOST_TEST(open.load() == 2U);
        first.leave();
        first.leave();
        BOOST_TEST(open.load() == 1U);
    }
    BOOST_TEST(open.load() == 0U);
    const auto throws = [&open] {
        const scoped_count<unsigned> place(open);
        throw std::runtime_error("on the way");
    };
    BOOST_CHECK_THROW(throws(), std::runtime_error);
    BOOST_TEST(open.load() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
