// That no copy of a secret is left in memory that is given back: every block of it is searched as it goes.
#include <sluice/base/secret_json.hpp>
#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/identity/azure/token.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <boost/test/unit_test.hpp>

#include "../../../src/identity/aws/parts.hpp"
#include "given_back.hpp"
#include "scripted_client.hpp"

namespace sluice::identity::test {
namespace {

http_response answer(unsigned status, const std::string& body) {
    http_response r;
    r.status = status;
    r.body = secret(body);
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(wiping)

BOOST_AUTO_TEST_CASE(what_is_not_wiped_is_found) {
    BOOST_TEST(blocks_left_by([] { const std::vector<std::string> plain(2, hush); }) == 2);
    BOOST_TEST(blocks_left_by([] { const secret wiped(hush); }) == 0);
}

BOOST_AUTO_TEST_CASE(forms_and_fields) {
    const secret token(hush);
    BOOST_TEST(blocks_left_by([] { (void)encode_form({{"a", "b"}, {"token", hush}, {"other", hush}}); }) == 0);
    BOOST_TEST(blocks_left_by([&] { (void)bearer_field(token); }) == 0);
    BOOST_TEST(blocks_left_by([&] {
                   http_request ask = post_form(service_url{}, {{"token", hush}});
                   for (int i = 0; i != 5; ++i) { // the list grows
                       ask.fields.emplace_back("Authorization", bearer_field(token));
                   }
               }) == 0);
}

BOOST_AUTO_TEST_CASE(answers) {
    const auto now = time_point(std::chrono::hours(500000));
    const result<http_response> good =
        answer(200, R"({"access_token":")" + hush + R"(","expires_in":60,"a":"\n)" + hush + "\"}");
    const result<http_response> bad = answer(400, R"({"error":"a","error_description":"no )" + hush + "\"}");
    const request_secrets sent{hush};
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(read_token("s", good, now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(read_azure_token(*good, "s", now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(!read_token("s", bad, now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(!read_azure_token(*bad, "s", now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { (void)sanitize_message(hush, sent); }) == 0);
}

BOOST_AUTO_TEST_CASE(answers_with_keys) {
    const auto now = time_point(std::chrono::hours(500000)); // 2027-01-15
    const request_secrets sent{hush};
    const auto json = secret(R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":")" + hush + R"(","Token":")" +
                             hush + R"(","Expiration":"2028-01-15T12:00:00Z"})");
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(aws::read_json_credentials("s", json, now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { (void)aws::read_json_error(json, sent); }) == 0);
    const std::string xml =
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>"
        "A</AccessKeyId><SecretAccessKey>" +
        hush + "</SecretAccessKey><SessionToken>" + hush +
        "</SessionToken><Expiration>2028-01-15T12:00:00Z</Expiration></Credentials>"
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
    const auto sts = answer(200, xml);
    const auto denied = answer(403, xml);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(aws::read_sts_response("s", sts, now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(!aws::read_sts_response("s", denied, now, sent)); }) == 0);
    const std::string key = "<UserDelegationKey><SignedOid>o</SignedOid><SignedTid>t</SignedTid><SignedStart>"
                            "2027-01-15T12:00:00Z</SignedStart><SignedExpiry>2027-02-15T12:00:00Z</SignedExpiry>"
                            "<SignedService>b</SignedService><SignedVersion>2021-12-02</SignedVersion><Value>" +
                            hush + "</Value></UserDelegationKey>";
    const auto good = answer(200, key);
    const auto bad = answer(403, key);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(read_delegation_key(good, now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(!read_delegation_key(bad, now, sent)); }) == 0);
}

BOOST_AUTO_TEST_CASE(files) {
    const temporary_folder folder;
    const auto file = folder.write("token", hush + "\n");
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(read_token_file(file)); }) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
