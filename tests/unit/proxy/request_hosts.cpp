#include <sluice/proxy/request_hosts.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::proxy;

using given = std::vector<std::pair<std::string_view, std::string_view>>;

/// A route of `a.example` and `a2.example`, beside one of `b.example`.
bool taken(const given& fields, peer_trust peer = peer_trust::trusted_proxy) {
    http::field_list list;
    for (const auto& [name, value] : fields) {
        list.items.push_back({name, value});
    }
    const std::vector<std::string> own{"a.example", "a2.example", "[::1]"};
    return takes_hosts(own, hosts_of(list, peer), {"a.example", "a2.example", "[::1]", "b.example"});
}

} // namespace

BOOST_AUTO_TEST_SUITE(hosts)

BOOST_AUTO_TEST_CASE(the_host_field) {
    for (const auto peer : {peer_trust::trusted_proxy, peer_trust::untrusted}) {
        for (const auto* host : {"a.example", "A.Example", "a.example:8080", "a2.example", "[::1]", "[::1]:8080"}) {
            BOOST_TEST(taken({{"Host", host}}, peer), host);
        }
        for (const auto* host :
             {"", "b.example", "xa.example", "a.example.b", "a.example.", "a.example.:80", "a.example..",
              "a.example,b.example", "a.example b.example", "a.example@b.example", "a.example/", ":80", "[::1"}) {
            BOOST_TEST(!taken({{"Host", host}}, peer), host);
        }
        BOOST_TEST(!taken({}, peer));
    }
}

BOOST_AUTO_TEST_CASE(what_a_trusted_proxy_forwards) {
    BOOST_TEST(taken({{"Host", "a.example"}, {"X-Forwarded-Host", "a.example"}}));
    BOOST_TEST(taken({{"Host", "a.example"}, {"X-Forwarded-Host", "a2.example:443"}}));
    BOOST_TEST(taken({{"Host", "sluice:8080"}, {"X-Forwarded-Host", "a.example"}})); // the proxy's name for us
    for (const auto* name : {"X-Forwarded-Host", "x_forwarded_host", "X-Original-Host", "X-Host"}) {
        for (const auto* host : {"b.example", "other", "a.example, b.example", "b.example, a.example", "a.example b"}) {
            BOOST_TEST(!taken({{"Host", "a.example"}, {name, host}}), name << host);
        }
        BOOST_TEST(!taken({{"Host", "b.example"}, {name, "a.example"}}),
                   name); // another tenant's, to an app that reads it
    }
    BOOST_TEST(!taken({{"Host", "a.example"}, {"X-Forwarded-Host", "a.example"}, {"X-Forwarded-Host", "b.example"}}));
    BOOST_TEST(!taken({{"Host", "a.example"}, {"X-Forwarded-Host", "a.example"}, {"X-Host", "b.example"}}));
    BOOST_TEST(taken(
        {{"Host", "x"}, {"Forwarded", "for=1.2.3.4;host=a.example;proto=https, for=2.3.4.5;Host=\"a.example:1\""}}));
    BOOST_TEST(!taken({{"Host", "a.example"}, {"Forwarded", "host=a.example, host=b.example"}}));
    BOOST_TEST(!taken({{"Host", "a.example"}, {"Forwarded", "for=1;host=\"a.example;host=b.example\""}}));
    BOOST_TEST(taken({{"Host", "a.example"}, {"Forwarded", "for=1.2.3.4"}}));
    BOOST_TEST(!taken({{"Host", "x"}, {"Forwarded", "for=1.2.3.4"}}));
}

BOOST_AUTO_TEST_CASE(nobody_else_is_believed) {
    BOOST_TEST(taken({{"Host", "a.example"}, {"X-Forwarded-Host", "b.example"}}, peer_trust::untrusted));
    BOOST_TEST(!taken({{"Host", "b.example"}, {"X-Forwarded-Host", "a.example"}}, peer_trust::untrusted));
    BOOST_TEST(!taken({{"Host", "sluice"}, {"X-Forwarded-Host", "a.example"}}, peer_trust::untrusted));
}

BOOST_AUTO_TEST_CASE(a_route_for_all_hosts) {
    BOOST_TEST(takes_hosts({}, {}, {"a.example"}));
    BOOST_TEST(takes_hosts({}, {"b.example", {""}}, {"a.example"}));
}

BOOST_AUTO_TEST_SUITE_END()
