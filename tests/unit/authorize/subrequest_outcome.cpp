#include <sluice/authorize/subrequest_outcome.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::authorize;
using metrics::fallback_reason;

error app_error(errc code) {
    return {code, error_source::app};
}

std::string_view label(auth_decision d, fallback_reason why = fallback_reason::authorize_error) {
    subrequest_result r;
    r.decision = d;
    r.error_reason = why;
    return result_label(r);
}

} // namespace

BOOST_AUTO_TEST_SUITE(subrequest_outcomes)

BOOST_AUTO_TEST_CASE(without_a_response_there_is_no_decision) {
    BOOST_TEST((reason_without_response(app_error(errc::timeout)) == fallback_reason::authorize_timeout));
    for (const auto code : {errc::connect_failed, errc::connection_lost, errc::protocol_error, errc::short_body,
                            errc::header_too_large, errc::canceled, errc::pool_busy}) {
        BOOST_TEST((reason_without_response(app_error(code)) == fallback_reason::authorize_error), to_string(code));
    }
    BOOST_TEST((decision_of(fallback_reason::authorize_timeout) == auth_decision::error));
    BOOST_TEST((decision_of(fallback_reason::authorize_error) == auth_decision::error));
}

BOOST_AUTO_TEST_CASE(an_allowing_response_that_names_nothing_usable_is_unresolved) {
    BOOST_TEST((reason_of_unreadable(app_error(errc::too_large)) == fallback_reason::too_large));
    BOOST_TEST((reason_of_unreadable(app_error(errc::protocol_error)) == fallback_reason::unresolved));
    for (const auto why : {fallback_reason::too_large, fallback_reason::unresolved, fallback_reason::not_ours,
                           fallback_reason::no_store}) {
        BOOST_TEST((decision_of(why) == auth_decision::unresolved), to_string(why));
    }
    BOOST_TEST((decision_of(std::nullopt) == auth_decision::allowed));
}

BOOST_AUTO_TEST_CASE(counted_by_what_it_came_to) {
    BOOST_TEST(label(auth_decision::allowed) == "granted");
    BOOST_TEST(label(auth_decision::denied) == "denied");
    BOOST_TEST(label(auth_decision::unresolved) == "unresolved");
    BOOST_TEST(label(auth_decision::error) == "error");
    BOOST_TEST(label(auth_decision::error, fallback_reason::authorize_timeout) == "timeout");
    // One that was given up since its client had gone came to nothing; one that ended all the same counts.
    BOOST_TEST(!has_outcome(auth_decision::error, true));
    BOOST_TEST(has_outcome(auth_decision::error, false));
    BOOST_TEST(has_outcome(auth_decision::denied, true));
    BOOST_TEST(has_outcome(auth_decision::allowed, false));
}

BOOST_AUTO_TEST_SUITE_END()
