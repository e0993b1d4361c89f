#include <sluice/base/cidr_block.hpp>

#include <boost/test/unit_test.hpp>

using sluice::cidr_block;
using sluice::unmapped;

namespace {

boost::asio::ip::address at(const char* text) {
    return boost::asio::ip::make_address(text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cidr_blocks)

BOOST_AUTO_TEST_CASE(what_lies_in_them) {
    const cidr_block ten(at("10.0.0.0"), 8);
    BOOST_TEST(ten.contains(at("10.255.0.1")));
    BOOST_TEST(!ten.contains(at("11.0.0.0")));
    const cidr_block odd(at("192.168.4.0"), 22);
    BOOST_TEST(odd.contains(at("192.168.7.255")));
    BOOST_TEST(!odd.contains(at("192.168.8.0")));
    const cidr_block six(at("fd00:0:0:8000::"), 49);
    BOOST_TEST(six.contains(at("fd00:0:0:ffff::1")));
    BOOST_TEST(!six.contains(at("fd00:0:0:7fff::1")));
    BOOST_TEST(cidr_block(at("0.0.0.0"), 0).contains(at("255.255.255.255")));
    BOOST_TEST(cidr_block(at("::1"), 128).contains(at("::1")));
    BOOST_TEST(!cidr_block(at("::1"), 128).contains(at("::2")));
}

BOOST_AUTO_TEST_CASE(families_are_apart) {
    BOOST_TEST(!cidr_block(at("0.0.0.0"), 0).contains(at("::1")));
    BOOST_TEST(!cidr_block(at("::"), 0).contains(at("10.0.0.1")));
    const auto mapped = at("::ffff:10.0.0.1");
    BOOST_TEST(!cidr_block(at("10.0.0.0"), 8).contains(mapped));
    BOOST_TEST(cidr_block(at("10.0.0.0"), 8).contains(unmapped(mapped)));
    BOOST_TEST((unmapped(at("::1")) == at("::1")));
    BOOST_TEST((unmapped(at("10.0.0.1")) == at("10.0.0.1")));
}

BOOST_AUTO_TEST_CASE(scopes_do_not_count) {
    BOOST_TEST(cidr_block(at("fe80::"), 10).contains(at("fe80::1%3")));
}

BOOST_AUTO_TEST_CASE(as_they_are_written) {
    BOOST_TEST(cidr_block(at("10.1.2.3"), 8).to_string() == "10.0.0.0/8");
    BOOST_TEST(cidr_block(at("fd00::"), 8).to_string() == "fd00::/8");
    BOOST_CHECK_THROW(cidr_block(at("10.0.0.0"), 33), std::out_of_range);
    BOOST_CHECK_THROW(cidr_block(at("::"), 129), std::out_of_range);
}

BOOST_AUTO_TEST_SUITE_END()
