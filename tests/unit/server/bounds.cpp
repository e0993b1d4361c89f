#include <sluice/server/client_table.hpp>
#include <sluice/server/descriptors.hpp>
#include <sluice/server/waiting_line.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

using namespace sluice;
using namespace sluice::server;

BOOST_AUTO_TEST_SUITE(bounds)

BOOST_AUTO_TEST_CASE(clients_are_addresses_and_networks_of_64_bits) {
    client_table table(2);
    const auto at = [](const char* text) { return asio::ip::make_address(text); };
    {
        auto one = table.enter(at("203.0.113.7"));
        auto two = table.enter(at("::ffff:203.0.113.7")); // the same, as a dual-stack listener has it
        auto three = table.enter(at("203.0.113.7"));
        BOOST_TEST((one && two && !three));
        auto other = table.enter(at("203.0.113.8"));
        BOOST_TEST(static_cast<bool>(other));
        auto six = table.enter(at("2001:db8::1"));
        auto seven = table.enter(at("2001:db8::ffff:1"));
        auto eight = table.enter(at("2001:db8::2"));
        auto next = table.enter(at("2001:db8:0:1::1"));
        BOOST_TEST((six && seven && !eight && next));
        BOOST_TEST(table.size() == 4U);
        const auto moved = std::move(one);
        BOOST_TEST((moved && !one)); // NOLINT: what is left of it holds nothing
    }
    BOOST_TEST(table.size() == 0U); // bounded by who is there
}

BOOST_AUTO_TEST_CASE(the_longest_waiting_is_closed_first) {
    waiting_line line;
    std::vector<int> closed;
    struct client {
        std::vector<int>& closed;
        int number;
    };
    client a{closed, 1};
    client b{closed, 2};
    client c{closed, 3};
    client d{closed, 4};
    const auto close = [](void* who) {
        auto& one = *static_cast<client*>(who);
        one.closed.push_back(one.number);
    };
    BOOST_TEST(!line.close_longest());
    const waiting_line::entry first(line, close, &a);
    std::optional<waiting_line::entry> second(std::in_place, line, close, &b);
    const waiting_line::entry third(line, close, &c);
    const waiting_line::entry before(line, close, &d, waiting_line::place::first);
    BOOST_TEST(line.close_longest());
    second.reset(); // it got its request
    line.close_all();
    BOOST_TEST(closed == (std::vector<int>{4, 1, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_reserve_gives_up_takes_back_and_refills) {
    descriptor_reserve reserve(2);
    BOOST_TEST(reserve.give_up_one());
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    reserve.take(s); // becomes a spare one without a moment in which the number is free
    BOOST_TEST(fcntl(s, F_GETFD) >= 0);
    const int over = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    reserve.take(over); // nothing is missing
    BOOST_TEST(fcntl(over, F_GETFD) == -1);
    BOOST_TEST(reserve.give_up_one());
    BOOST_TEST(reserve.give_up_one());
    BOOST_TEST(!reserve.give_up_one());
    reserve.refill();
    BOOST_TEST(reserve.give_up_one());
}

BOOST_AUTO_TEST_CASE(descriptors_follow_the_limits) {
    config::config c;
    c.limits.connections = 1000;
    const auto few = descriptors_needed(c);
    BOOST_TEST(few > 2000U);
    c.limits.connections = 1001;
    BOOST_TEST(descriptors_needed(c) == few + 2);
    c.workers = 3;
    BOOST_TEST(descriptors_needed(c) >= few + 2 + 2ULL * c.app.keepalive);
    BOOST_TEST(!descriptor_shortfall(1).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
