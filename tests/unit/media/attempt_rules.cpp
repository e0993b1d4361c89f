#include <sluice/media/attempt_rules.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::media;

result<void> failed(errc code) {
    return error{code, error_source::origin, false};
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_attempt_rules)

BOOST_AUTO_TEST_CASE(after_an_attempt) {
    BOOST_TEST((after_attempt({}, true) == next_attempt::none));
    for (const auto code : {errc::cache_full, errc::no_validator, errc::fills_limit, errc::purged}) {
        BOOST_TEST((after_attempt(failed(code), false) == next_attempt::bypass_cache), to_string(code));
        BOOST_TEST((after_attempt(failed(code), true) == next_attempt::none), to_string(code));
    }
    for (const auto code : {errc::canceled, errc::validator_changed, errc::precondition_failed}) {
        BOOST_TEST((after_attempt(failed(code), false) == next_attempt::look_up_again), to_string(code));
        BOOST_TEST((after_attempt(failed(code), true) == next_attempt::none), to_string(code));
    }
    for (const auto code : {errc::not_found, errc::connection_lost, errc::timeout}) {
        BOOST_TEST((after_attempt(failed(code), false) == next_attempt::none), to_string(code));
    }
}

BOOST_AUTO_TEST_CASE(transfers_that_replace_failed_ones) {
    BOOST_TEST(may_restart(true, 0));
    BOOST_TEST(may_restart(true, 7));
    BOOST_TEST(!may_restart(true, 8));
    BOOST_TEST(may_restart(false, 8)); // its deadline is the bound
}

BOOST_AUTO_TEST_CASE(responses_that_go_on_without_the_cache) {
    BOOST_TEST(may_continue_direct(errc::disk_full, true, 10, 10));
    BOOST_TEST(!may_continue_direct(errc::disk_full, true, 11, 10));  // nothing is left to send
    BOOST_TEST(!may_continue_direct(errc::disk_full, false, 10, 10)); // not begun: another way answers the whole
    BOOST_TEST(!may_continue_direct(errc::validator_changed, true, 10, 10));
    BOOST_TEST(!may_continue_direct(errc::timeout, true, 10, 10));
}

BOOST_AUTO_TEST_SUITE_END()
