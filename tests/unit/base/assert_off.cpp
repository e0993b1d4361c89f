// What an assertion does where they are off, whatever the preset. Includes no other header of ours, as assert_on.cpp.
#undef SLUICE_ASSERTIONS
#include <sluice/base/assert.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(assertions_off)

BOOST_AUTO_TEST_CASE(nothing_is_evaluated) {
    int evaluated = 0;
    SLUICE_ASSERT(++evaluated == 2);
    BOOST_TEST(evaluated == 0);
}

BOOST_AUTO_TEST_SUITE_END()
