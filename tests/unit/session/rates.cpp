#include <sluice/config/address.hpp>
#include <sluice/session/forwarded.hpp>
#include <sluice/session/rate_window.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::session;

BOOST_AUTO_TEST_SUITE(rates)

BOOST_AUTO_TEST_CASE(only_time_in_which_the_peer_is_waited_for_counts) {
    const steady_clock::time_point start{};
    const auto at = [start](int s) { return start + std::chrono::seconds(s); };
    rate_window slow(100);
    for (int s = 0; s < 10; ++s) {
        BOOST_TEST(!slow.sample(true, 0, at(s)));
    }
    BOOST_TEST(slow.sample(true, 999, at(10)));   // 99.9 a second
    BOOST_TEST(slow.sample(true, 5000, at(11)));  // until it is judged again
    BOOST_TEST(!slow.sample(true, 5000, at(20))); // 400 a second
    rate_window fast(100);
    BOOST_TEST(!fast.sample(true, 0, at(0)));
    BOOST_TEST(!fast.sample(true, 1000, at(10)));
    rate_window other(100); // somebody else's fault for a moment: begun anew
    BOOST_TEST(!other.sample(true, 0, at(0)));
    BOOST_TEST(!other.sample(false, 0, at(9)));
    BOOST_TEST(!other.sample(true, 0, at(10)));
    BOOST_TEST(!other.sample(true, 0, at(19)));
    BOOST_TEST(other.sample(true, 0, at(20)));
    BOOST_TEST(!other.sample(false, 0, at(21)));
    rate_window off(0);
    BOOST_TEST(!off.sample(true, 0, at(0)));
    BOOST_TEST(!off.sample(true, 0, at(100)));
}

BOOST_AUTO_TEST_CASE(a_body_is_refused_once_and_its_answer_must_be_taken_all_the_same) {
    const steady_clock::time_point start{};
    const auto at = [start](int s) { return start + std::chrono::seconds(s); };
    client_rates rates(100, 100);
    const client_progress silent{true, 0, false, 0};
    for (int s = 0; s < 10; ++s) {
        BOOST_TEST((rates.sample(silent, at(s)) == rate_verdict::none));
    }
    BOOST_TEST((rates.sample(silent, at(10)) == rate_verdict::slow_body));
    BOOST_TEST((rates.sample(silent, at(11)) == rate_verdict::none)); // told
    const client_progress both{true, 0, true, 0};
    for (int s = 12; s < 22; ++s) {
        BOOST_TEST((rates.sample(both, at(s)) == rate_verdict::none));
    }
    BOOST_TEST((rates.sample(both, at(22)) == rate_verdict::slow_send));
    client_rates others(100, 0); // neither waits for the client: the app has not said 100 yet
    for (int s = 0; s < 30; ++s) {
        BOOST_TEST((others.sample({}, at(s)) == rate_verdict::none));
    }
}

BOOST_AUTO_TEST_CASE(the_client_is_the_last_address_that_is_not_trusted) {
    std::vector<cidr_block> trusted{config::parse_cidr("10.0.0.0/8").value(), config::parse_cidr("fd00::/8").value()};
    const auto client = [&](std::vector<std::string_view> values) -> std::string {
        http::field_list fields;
        for (const auto v : values) {
            fields.items.push_back({"x-forwarded-for", v});
        }
        const auto found = forwarded_client(fields, trusted);
        return found ? found->to_string() : "none";
    };
    BOOST_TEST(client({}) == "none");
    BOOST_TEST(client({""}) == "none");
    BOOST_TEST(client({"10.0.0.1, 10.0.0.2"}) == "none");
    BOOST_TEST(client({"1.2.3.4"}) == "1.2.3.4");
    BOOST_TEST(client({"9.9.9.9, 1.2.3.4 ,10.0.0.1 , "}) == "1.2.3.4");
    BOOST_TEST(client({"9.9.9.9", "1.2.3.4, ::ffff:10.0.0.1", "fd00::1"}) == "1.2.3.4");
    BOOST_TEST(client({"9.9.9.9, unknown, 10.0.0.1"}) == "none"); // who knows what stands before it
    BOOST_TEST(client({"1.2.3.4:567"}) == "1.2.3.4");
    BOOST_TEST(client({"[2001:db8::1]:567"}) == "2001:db8::1");
    BOOST_TEST(client({"[2001:db8::1"}) == "2001:db8::1");
    BOOST_TEST(client({"2001:db8::1"}) == "2001:db8::1");
    BOOST_TEST(is_trusted(trusted, "::ffff:10.1.1.1"));
    BOOST_TEST(!is_trusted(trusted, "11.1.1.1"));
    BOOST_TEST(is_trusted(trusted, boost::asio::ip::make_address("::ffff:10.1.1.1"))); // a peer of a listener on [::]
    BOOST_TEST(!is_trusted(trusted, boost::asio::ip::make_address("::ffff:11.1.1.1")));
    BOOST_TEST(!is_trusted(trusted, ""));
}

BOOST_AUTO_TEST_SUITE_END()
