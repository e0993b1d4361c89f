// The one place where Boost.Test's main is made: every unit test binary links it.
#define BOOST_TEST_MODULE sluice
#include <boost/test/unit_test.hpp>
