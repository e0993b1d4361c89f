#include <sluice/sign/aws/s3_address.hpp>

#include <boost/test/unit_test.hpp>

#include "../vectors.hpp"

#include <stdexcept>

using namespace sluice::sign;
using sluice::config::addressing_style;
using namespace std::string_view_literals;

namespace {

sluice::config::store store(std::string bucket, std::string region, std::string_view endpoint = {},
                            addressing_style style = addressing_style::automatic) {
    sluice::config::store out;
    out.bucket = std::move(bucket);
    out.region = std::move(region);
    if (!endpoint.empty()) {
        out.endpoint = vectors::endpoint(endpoint);
    }
    out.addressing = style;
    return out;
}

std::string url(const sluice::config::store& of, std::string_view key = "k") {
    const bucket_address address = resolve_s3_address(of);
    return (address.tls ? "https://" : "http://") + address.authority + object_path(address, key);
}

} // namespace

BOOST_AUTO_TEST_SUITE(s3_addressing)

BOOST_AUTO_TEST_CASE(aws_is_virtual_hosted) {
    const bucket_address address = resolve_s3_address(store("media", "eu-central-1"));
    BOOST_TEST(address.tls);
    BOOST_TEST(address.host == "media.s3.eu-central-1.amazonaws.com");
    BOOST_TEST(address.port == 443);
    BOOST_TEST(address.authority == address.host);
    BOOST_TEST(address.region == "eu-central-1");
    BOOST_TEST(url(store("media", "cn-north-1")) == "https://media.s3.cn-north-1.amazonaws.com.cn/k");
    BOOST_TEST(url(store("media", "us-gov-west-1")) == "https://media.s3.us-gov-west-1.amazonaws.com/k");
    BOOST_TEST(url(store("media", "us-east-1", {}, addressing_style::path)) ==
               "https://s3.us-east-1.amazonaws.com/media/k");
}

BOOST_AUTO_TEST_CASE(special_endpoints_of_aws) {
    auto s = store("media", "us-gov-west-1");
    s.fips = true;
    BOOST_TEST(url(s) == "https://media.s3-fips.us-gov-west-1.amazonaws.com/k");
    s.dual_stack = true;
    BOOST_TEST(url(s) == "https://media.s3-fips.dualstack.us-gov-west-1.amazonaws.com/k");
    s.fips = false;
    BOOST_TEST(url(s) == "https://media.s3.dualstack.us-gov-west-1.amazonaws.com/k");
    s.accelerate = true;
    BOOST_TEST(url(s) == "https://media.s3-accelerate.dualstack.amazonaws.com/k");
    s.dual_stack = false;
    BOOST_TEST(url(s) == "https://media.s3-accelerate.amazonaws.com/k");
    BOOST_TEST(resolve_s3_address(s).region == "us-gov-west-1");
    s.fips = true; // there is no such endpoint: whoever wants FIPS is not to get another
    BOOST_CHECK_THROW((void)resolve_s3_address(s), std::invalid_argument);
    s.fips = false;
    s.bucket = "me.dia";
    BOOST_CHECK_THROW((void)resolve_s3_address(s), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(buckets_that_are_no_host_label_go_in_the_path) {
    for (const std::string bucket : {"my.media", "Media", "my_media", "-media", "media-"}) {
        BOOST_TEST(url(store(bucket, "us-east-1")) == "https://s3.us-east-1.amazonaws.com/" + bucket + "/k");
    }
    const std::string longest(63, 'b');
    BOOST_TEST(url(store(longest, "us-east-1")) == "https://" + longest + ".s3.us-east-1.amazonaws.com/k");
    BOOST_TEST(url(store(longest + "b", "us-east-1")) == "https://s3.us-east-1.amazonaws.com/" + longest + "b/k");
    // Nothing in a bucket's name becomes syntax.
    BOOST_TEST(url(store("a/../b?c", "us-east-1")) == "https://s3.us-east-1.amazonaws.com/a%2F..%2Fb%3Fc/k");
}

BOOST_AUTO_TEST_CASE(own_endpoints_are_path_style_unless_told) {
    BOOST_TEST(url(store("media", "eu", "http://127.0.0.1:9000")) == "http://127.0.0.1:9000/media/k");
    BOOST_TEST(url(store("media", "eu", "https://s3.example")) == "https://s3.example/media/k");
    BOOST_TEST(url(store("media", "eu", "https://s3.example:8443", addressing_style::virtual_hosted)) ==
               "https://media.s3.example:8443/k");
    // Told so: the operator's certificate may cover it.
    BOOST_TEST(url(store("my.media", "eu", "http://s3.example", addressing_style::virtual_hosted)) ==
               "http://my.media.s3.example/k");
}

BOOST_AUTO_TEST_CASE(default_ports_are_not_in_the_host_field) {
    BOOST_TEST(resolve_s3_address(store("b", "r", "https://s3.example:443")).authority == "s3.example");
    BOOST_TEST(resolve_s3_address(store("b", "r", "http://s3.example:80")).authority == "s3.example");
    BOOST_TEST(resolve_s3_address(store("b", "r", "http://s3.example:443")).authority == "s3.example:443");
    BOOST_TEST(resolve_s3_address(store("b", "r", "https://s3.example:80")).authority == "s3.example:80");
}

BOOST_AUTO_TEST_CASE(ipv6_and_paths_of_endpoints) {
    auto of = store("b", "r", "http://placeholder:9000");
    of.endpoint->host = "::1";
    of.endpoint->path = "/s3";
    const bucket_address address = resolve_s3_address(of);
    BOOST_TEST(address.host == "::1");
    BOOST_TEST(address.port == 9000);
    BOOST_TEST(address.authority == "[::1]:9000");
    BOOST_TEST(object_path(address, "k") == "/s3/b/k");
    BOOST_TEST(object_path(address, "/k//") == "/s3/b//k//");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_addressed_is_refused_at_start) {
    BOOST_CHECK_THROW(resolve_s3_address(store("", "us-east-1")), std::invalid_argument);
    auto s = store("media", "r");
    s.accelerate = true;
    s.addressing = addressing_style::path; // the SDKs do not heed it there
    BOOST_TEST(url(s) == "https://media.s3-accelerate.amazonaws.com/k");
    s.bucket = "Media";
    BOOST_CHECK_THROW((void)resolve_s3_address(s), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_part_of_a_host_is_part_of_the_path) {
    const auto wished = addressing_style::virtual_hosted;
    BOOST_TEST(url(store("media", "r", "http://10.0.0.1", wished)) == "http://10.0.0.1/media/k");
    BOOST_TEST(url(store("my.media", "r", "https://s3.example", wished)) == "https://s3.example/my.media/k");
    BOOST_TEST(url(store("Media", "r", "http://s3.example", wished)) == "http://s3.example/Media/k");
    BOOST_TEST(url(store("media", "", {}, wished)) == "https://media.s3.us-east-1.amazonaws.com/k");
    BOOST_TEST(resolve_s3_address(store("b", "", "http://10.0.0.1")).region == "us-east-1");
}

BOOST_AUTO_TEST_CASE(keys_go_as_they_are) {
    const bucket_address path = resolve_s3_address(store("b", "us-east-1", {}, addressing_style::path));
    const bucket_address host = resolve_s3_address(store("bkt", "us-east-1"));
    const std::pair<std::string_view, std::string_view> keys[] = {
        {"a//b", "a//b"},
        {"/a", "/a"},
        {"a/../b", "a/../b"},
        {"./a/.", "./a/."},
        {"a%2Fb", "a%252Fb"},
        {"a b+c", "a%20b%2Bc"},
        {"\xc3\xa9\xff", "%C3%A9%FF"},
        {"a\0b"sv, "a%00b"},
        {"a?b#c;d\\e", "a%3Fb%23c%3Bd%5Ce"},
        {"a\r\nHost: x", "a%0D%0AHost%3A%20x"},
    };
    for (const auto& [key, encoded] : keys) {
        BOOST_TEST(object_path(path, key) == "/b/" + std::string(encoded));
        BOOST_TEST(object_path(host, key) == "/" + std::string(encoded));
    }
    BOOST_TEST(object_path(path, "") == "/b");
    BOOST_TEST(object_path(host, "") == "/");
}

BOOST_AUTO_TEST_SUITE_END()
