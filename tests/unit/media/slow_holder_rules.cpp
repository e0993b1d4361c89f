#include <sluice/media/slow_holder_rules.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

std::chrono::milliseconds observed(std::chrono::milliseconds after) {
    config::fallback settings;
    settings.after = after;
    return observation_time(settings);
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_slow_holder_rules)

BOOST_AUTO_TEST_CASE(clients_that_hold_others_up_are_looked_at_for_half_of_their_wait) {
    BOOST_TEST((observed(3000ms) == 1500ms));
    BOOST_TEST((observed(500ms) == 1000ms));
    BOOST_TEST((observed(60000ms) == 2000ms));
}

BOOST_AUTO_TEST_SUITE_END()
