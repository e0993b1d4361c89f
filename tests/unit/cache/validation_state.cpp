#include <sluice/cache/validation_state.hpp>

#include <boost/test/unit_test.hpp>

namespace sluice::cache::testing {

using mark_result = validation_state::mark_result;

BOOST_AUTO_TEST_SUITE(validation_states)

BOOST_AUTO_TEST_CASE(several_marks_are_answered_by_one_confirmation) {
    validation_state v;
    BOOST_TEST(!v.must_revalidate());
    BOOST_TEST((v.mark(5) == mark_result::first));
    BOOST_TEST((v.mark(7) == mark_result::newer));
    BOOST_TEST((v.mark(6) == mark_result::known));
    BOOST_TEST(v.must_revalidate());
    v.confirm(v.marked());
    BOOST_TEST(!v.must_revalidate());
    BOOST_TEST(v.confirmed() == 7U);
}

BOOST_AUTO_TEST_CASE(a_mark_that_came_while_the_origin_was_asked_stays) {
    validation_state v;
    v.mark(5);
    const auto marked_then = v.marked();
    v.mark(6);
    v.confirm(marked_then);
    BOOST_TEST(v.must_revalidate());
    v.confirm(4); // a late answer to an older question takes nothing back
    BOOST_TEST(v.confirmed() == 5U);
}

BOOST_AUTO_TEST_CASE(the_age_goes_on_after_a_restart_and_a_time_in_the_future_is_not_believed) {
    using namespace std::chrono;
    validation_state v;
    const auto an_hour_ago = time_point_cast<milliseconds>(system_clock::now() - hours(1));
    v.restore(an_hour_ago);
    BOOST_TEST((v.checked_wall() == an_hour_ago));
    BOOST_TEST((v.checked() <= steady_clock::now() - hours(1) + seconds(1)));
    v.restore(system_clock::now() + hours(1));
    BOOST_TEST((v.checked() < steady_clock::now() - hours(24 * 365)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
