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

BOOST_AUTO_TEST_CASE(how_long_missing_bytes_are_tried_for) {
    using namespace std::chrono_literals;
    const steady_clock::time_point now(1h);
    const auto at = [now](bool head_sent, steady_clock::duration since) {
        return give_up_after(head_sent, now + 3s, now - since, now, 10s, 5s) - now;
    };
    BOOST_TEST((at(false, 1s) == 3s)); // what the request has
    BOOST_TEST((at(true, 0s) == 10s));
    BOOST_TEST((at(true, 4s) == 6s));
    BOOST_TEST((at(true, 1min) == 5s)); // a client that took nothing for long: the time of one fetch
}

BOOST_AUTO_TEST_CASE(responses_that_go_on_without_the_cache) {
    BOOST_TEST(may_continue_direct(errc::disk_full, true, 10, 10));
    BOOST_TEST(!may_continue_direct(errc::disk_full, true, 11, 10));  // nothing is left to send
    BOOST_TEST(!may_continue_direct(errc::disk_full, false, 10, 10)); // not begun: another way answers the whole
    BOOST_TEST(!may_continue_direct(errc::validator_changed, true, 10, 10));
    BOOST_TEST(!may_continue_direct(errc::timeout, true, 10, 10));
}

BOOST_AUTO_TEST_SUITE_END()
