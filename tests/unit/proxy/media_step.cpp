#include <sluice/proxy/media_step.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::proxy;
using authorize::auth_decision;

error origin_error(errc code) {
    return {code, error_source::origin};
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_steps)

BOOST_AUTO_TEST_CASE(after_it_was_authorized) {
    for (const bool has_denial : {false, true}) {
        BOOST_TEST((after_authorization(auth_decision::allowed, false, has_denial) == auth_step::deliver));
        BOOST_TEST((after_authorization(auth_decision::unresolved, false, has_denial) == auth_step::relay_unresolved));
        BOOST_TEST((after_authorization(auth_decision::error, false, has_denial) == auth_step::fall_back));
        for (const auto d :
             {auth_decision::allowed, auth_decision::denied, auth_decision::unresolved, auth_decision::error}) {
            BOOST_TEST((after_authorization(d, true, has_denial) == auth_step::drop_client)); // nobody is there
        }
    }
    BOOST_TEST((after_authorization(auth_decision::denied, false, false) == auth_step::relay_denied));
    BOOST_TEST((after_authorization(auth_decision::denied, false, true) == auth_step::send_denial));
}

BOOST_AUTO_TEST_CASE(refusals_are_what_the_client_sees_as_one) {
    for (const unsigned status : {0U, 400U, 401U, 404U, 502U}) {
        BOOST_TEST((outcome_of_denied(status) == metrics::outcome::denied), status);
    }
    for (const unsigned status : {200U, 206U, 302U, 304U}) {
        BOOST_TEST((outcome_of_denied(status) == metrics::outcome::relay), status);
    }
}

BOOST_AUTO_TEST_CASE(which_responses_may_name_an_object) {
    for (const unsigned status : {200U, 206U, 416U}) {
        BOOST_TEST(may_name_object(status), status);
    }
    for (const unsigned status : {201U, 204U, 302U, 304U, 404U, 412U, 500U}) {
        BOOST_TEST(!may_name_object(status), status);
    }
}

BOOST_AUTO_TEST_CASE(after_the_delivery_failed) {
    const auto store = origin_error(errc::not_found);
    const error client{errc::connection_lost, error_source::client};
    for (const auto app : {app_response::none, app_response::held_back}) {
        BOOST_TEST((after_failure(store, true, app) == failure_step::cut));
        BOOST_TEST((after_failure(client, true, app) == failure_step::cut));
        BOOST_TEST((after_failure(client, false, app) == failure_step::drop_client));
    }
    BOOST_TEST((after_failure(store, false, app_response::none) == failure_step::fall_back));
    BOOST_TEST((after_failure(store, false, app_response::held_back) == failure_step::send_error));
}

BOOST_AUTO_TEST_SUITE_END()
