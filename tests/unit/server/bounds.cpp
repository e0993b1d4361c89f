#include <sluice/server/client_table.hpp>
#include <sluice/server/descriptors.hpp>
#include <sluice/server/waiting_line.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
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
    BOOST_TEST(!line.close_oldest());
    const waiting_line::entry first(line, close, &a);
    std::optional<waiting_line::entry> second(std::in_place, line, close, &b);
    const waiting_line::entry third(line, close, &c);
    const waiting_line::entry before(line, close, &d, waiting_line::place::first);
    BOOST_TEST(line.close_oldest());
    second.reset(); // it got its request
    line.close_all();
    BOOST_TEST(closed == (std::vector<int>{4, 1, 3}), boost::test_tools::per_element());
}

namespace {

/// Opens /dev/null until there is no descriptor left.
void exhaust(std::vector<int>& opened) {
    for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) {
        opened.push_back(fd);
    }
    BOOST_TEST(errno == EMFILE);
}

} // namespace

BOOST_AUTO_TEST_CASE(reserved_numbers_are_given_out_while_the_reserve_is_open_and_known_by_who_gets_one) {
    rlimit before{};
    BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit few{64, before.rlim_max};
    BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    std::vector<int> opened;
    {
        const descriptor_reserve reserve(4);
        exhaust(opened);
        BOOST_TEST(opened.back() == 59);
        BOOST_TEST(!reserve.is_reserved(opened.back()));
        std::vector<int> from_reserve;
        {
            const descriptor_reserve::opening open(reserve);
            exhaust(from_reserve);
        }
        BOOST_TEST(from_reserve == (std::vector<int>{60, 61, 62, 63}), boost::test_tools::per_element());
        for (const int fd : from_reserve) {
            BOOST_TEST(reserve.is_reserved(fd));
            ::close(fd);
        }
        BOOST_TEST(::open("/dev/null", O_RDONLY | O_CLOEXEC) == -1); // they are kept again
    }
    exhaust(opened);
    BOOST_TEST(opened.back() == 63);
    for (const int fd : opened) {
        ::close(fd);
    }
    const descriptor_reserve none(9); // of 64 that would be too many
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    BOOST_TEST(now.rlim_cur == 64U);
    setrlimit(RLIMIT_NOFILE, &before);
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
