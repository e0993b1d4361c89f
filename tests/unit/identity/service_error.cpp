#include <sluice/identity/service_error.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice::identity;
using sluice::errc;
using sluice::error;
using sluice::error_source;

BOOST_AUTO_TEST_SUITE(errors_of_services)

BOOST_AUTO_TEST_CASE(what_went_wrong_and_where) {
    const error e = no_credentials("STS", "status 403", retryable::no);
    BOOST_TEST((e.code == errc::no_credentials));
    BOOST_TEST((e.source == error_source::origin));
    BOOST_TEST(!e.retryable);
    BOOST_TEST(e.detail == "STS: status 403");
    BOOST_TEST(
        (no_credentials("file", "gone", retryable::yes, error_source::internal).source == error_source::internal));
}

BOOST_AUTO_TEST_CASE(the_code_of_a_lost_response_stands_once) {
    const auto said = [](std::string detail) {
        return no_response("STS", {errc::timeout, error_source::origin, false, std::move(detail)});
    };
    BOOST_TEST(said("").detail == "STS: timeout");
    BOOST_TEST(said("no answer").detail == "STS: timeout: no answer");
    BOOST_TEST(said("sts.example:443: timeout: no answer").detail == "STS: sts.example:443: timeout: no answer");
    BOOST_TEST(said("").retryable);
    BOOST_TEST((said("").code == errc::no_credentials));
}

BOOST_AUTO_TEST_CASE(statuses_worth_another_attempt) {
    for (const unsigned status : {408U, 429U, 500U, 503U, 599U}) {
        BOOST_TEST((retryable_status(status) == retryable::yes), status);
    }
    for (const unsigned status : {200U, 301U, 400U, 401U, 403U, 404U, 425U, 499U}) {
        BOOST_TEST((retryable_status(status) == retryable::no), status);
    }
}

BOOST_AUTO_TEST_SUITE_END()
