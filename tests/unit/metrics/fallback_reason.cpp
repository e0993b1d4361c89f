#include <sluice/metrics/fallback_reason.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string_view>

BOOST_AUTO_TEST_SUITE(metrics_fallback_reason)

BOOST_AUTO_TEST_CASE(each_reason_has_its_own_name) {
    std::set<std::string_view> names;
    for (const auto r : sluice::metrics::fallback_reasons) {
        names.insert(to_string(r));
    }
    BOOST_TEST(names.size() == sluice::metrics::fallback_reasons.size());
}

BOOST_AUTO_TEST_SUITE_END()
