#include <sluice/relay/failure.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using relay::failed_attempt;
using relay::failure_response;

namespace {

bool responds(errc code, error_source source, failure_response expected, bool open = true, bool starting = false) {
    return relay::response_to({code, source}, open, starting) == expected;
}

} // namespace

BOOST_AUTO_TEST_SUITE(failures)

BOOST_AUTO_TEST_CASE(only_what_is_idempotent_and_went_nowhere_is_sent_again) {
    const failed_attempt died{errc::connection_lost, true, false, false};
    for (const auto* method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"}) {
        BOOST_TEST(relay::may_retry(died, method), method);
    }
    for (const auto* method : {"POST", "PATCH", "CONNECT", "get", "LOCK", ""}) {
        BOOST_TEST(!relay::may_retry(died, method), method);
    }
    auto other = died;
    other.why = errc::timeout; // the app has it
    BOOST_TEST(!relay::may_retry(other, "GET"));
    other = died;
    other.reused = false; // a fresh connection that dies is no matter of idle time
    BOOST_TEST(!relay::may_retry(other, "GET"));
    other = died;
    other.response_begun = true;
    BOOST_TEST(!relay::may_retry(other, "GET"));
    other = died;
    other.body_streamed = true;
    BOOST_TEST(!relay::may_retry(other, "PUT"));
}

BOOST_AUTO_TEST_CASE(responses_to_faults_of_the_app) {
    using enum failure_response;
    for (const auto code : {errc::connect_failed, errc::resolve_failed, errc::connection_lost, errc::protocol_error,
                            errc::short_body, errc::tls_failed}) {
        BOOST_TEST(responds(code, error_source::app, bad_gateway), to_string(code));
    }
    BOOST_TEST(responds(errc::timeout, error_source::app, gateway_timeout));
    BOOST_TEST(responds(errc::pool_busy, error_source::internal, bad_gateway));
    // A page waits only for an app that is not up.
    BOOST_TEST(responds(errc::connect_failed, error_source::app, waiting_page, true, true));
    BOOST_TEST(responds(errc::resolve_failed, error_source::app, waiting_page, true, true));
    BOOST_TEST(responds(errc::connection_lost, error_source::app, bad_gateway, true, true));
    BOOST_TEST(responds(errc::timeout, error_source::app, gateway_timeout, true, true));
}

BOOST_AUTO_TEST_CASE(responses_to_faults_of_the_client) {
    using enum failure_response;
    BOOST_TEST(responds(errc::bad_request, error_source::client, bad_request));
    BOOST_TEST(responds(errc::timeout, error_source::client, request_timeout));
    BOOST_TEST(responds(errc::timeout, error_source::client, none, false));
    BOOST_TEST(responds(errc::connection_lost, error_source::client, none));
    BOOST_TEST(responds(errc::connection_lost, error_source::client, none, false, true));
}

BOOST_AUTO_TEST_SUITE_END()
