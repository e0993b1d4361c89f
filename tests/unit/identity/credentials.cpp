#include <sluice/identity/credentials.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(credentials)

BOOST_AUTO_TEST_CASE(static_keys_are_one_snapshot_for_ever) {
    const sluice::config::static_keys keys{"AKID", sluice::secret("s3cr3t"), sluice::secret("token")};
    const sluice::identity::static_aws_credentials provider(keys);
    const auto snapshot = provider.current();
    BOOST_REQUIRE(snapshot);
    BOOST_TEST(snapshot->access_key_id == "AKID");
    BOOST_TEST(snapshot->secret_access_key.reveal() == "s3cr3t");
    BOOST_TEST(snapshot->session_token.reveal() == "token");
    BOOST_TEST(!snapshot->expires.has_value());
    BOOST_TEST((provider.current() == snapshot));
}

BOOST_AUTO_TEST_CASE(half_a_pair_is_no_credentials) {
    using sluice::identity::static_aws_credentials;
    BOOST_TEST(!static_aws_credentials({}).current());
    BOOST_TEST(!static_aws_credentials({"AKID", sluice::secret(""), {}}).current());
    BOOST_TEST(!static_aws_credentials({"", sluice::secret("s3cr3t"), {}}).current());
}

BOOST_AUTO_TEST_SUITE_END()
