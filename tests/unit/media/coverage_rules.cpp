#include <sluice/media/coverage_rules.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

namespace {

using namespace sluice;
using namespace sluice::media;
using coverage = cache::object::coverage;
using metrics::outcome;

coverage all_of(std::vector<coverage> parts) {
    return combine(parts);
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_coverage_rules)

BOOST_AUTO_TEST_CASE(coverage_of_several_parts) {
    BOOST_TEST((all_of({coverage::all}) == coverage::all));
    BOOST_TEST((all_of({coverage::all, coverage::all}) == coverage::all));
    BOOST_TEST((all_of({coverage::none, coverage::none}) == coverage::none));
    BOOST_TEST((all_of({coverage::some}) == coverage::some));
    BOOST_TEST((all_of({coverage::none, coverage::all}) == coverage::some));
    BOOST_TEST((all_of({coverage::all, coverage::none, coverage::none}) == coverage::some));
    BOOST_TEST((all_of({coverage::all, coverage::some}) == coverage::some));
}

BOOST_AUTO_TEST_CASE(outcomes) {
    BOOST_TEST((outcome_of(coverage::all) == outcome::hit));
    BOOST_TEST((outcome_of(coverage::some) == outcome::partial));
    BOOST_TEST((outcome_of(coverage::none) == outcome::miss));
}

BOOST_AUTO_TEST_CASE(bytes_in_runs) {
    const std::vector<cache::object::run> runs{{10, 20}, {30, 40}, {40, 45}};
    BOOST_TEST(bytes_within(runs, 0, 9) == 0U);
    BOOST_TEST(bytes_within(runs, 0, 10) == 1U);
    BOOST_TEST(bytes_within(runs, 10, 19) == 10U);
    BOOST_TEST(bytes_within(runs, 19, 30) == 2U);
    BOOST_TEST(bytes_within(runs, 20, 29) == 0U);
    BOOST_TEST(bytes_within(runs, 0, 99) == 25U);
    BOOST_TEST(bytes_within(runs, 45, 99) == 0U);
    BOOST_TEST(bytes_within({}, 0, 99) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
