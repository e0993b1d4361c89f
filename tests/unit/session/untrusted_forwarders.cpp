#include <sluice/session/untrusted_forwarders.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace sluice;

namespace {

asio::ip::address address(const std::string& text) {
    return asio::ip::make_address(text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(untrusted_forwarders)

BOOST_AUTO_TEST_CASE(each_peer_is_new_once) {
    session::untrusted_forwarders seen;
    BOOST_TEST(seen.is_new(address("10.0.0.1")));
    BOOST_TEST(!seen.is_new(address("10.0.0.1")));
    BOOST_TEST(!seen.is_new(address("::ffff:10.0.0.1")));
    BOOST_TEST(seen.is_new(address("10.0.0.2")));
    BOOST_TEST(seen.is_new(address("fd00::1")));
    BOOST_TEST(!seen.is_new(address("fd00::2:3:4:5"))); // the same /64
    BOOST_TEST(seen.is_new(address("fd00:0:0:1::1")));
    BOOST_TEST(seen.is_new(address("a00:1::"))); // the first bytes of 10.0.0.1, but of IPv6
}

BOOST_AUTO_TEST_CASE(so_many_are_remembered_and_no_more_are_told) {
    session::untrusted_forwarders seen;
    for (unsigned i = 0; i < session::untrusted_forwarders::max_peers; ++i) {
        BOOST_TEST(seen.is_new(address("10.0.1." + std::to_string(i))));
    }
    BOOST_TEST(!seen.is_new(address("10.0.2.1")));
    BOOST_TEST(!seen.is_new(address("fd00::1")));
}

BOOST_AUTO_TEST_SUITE_END()
