#include <sluice/http/header_list.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace sluice;
using http::header_list;

BOOST_AUTO_TEST_SUITE(header_lists)

BOOST_AUTO_TEST_CASE(fields_are_kept_in_their_order) {
    header_list list;
    BOOST_TEST(list.empty());
    BOOST_TEST(list.text().empty());
    BOOST_TEST(list.add("Vary", "Origin"));
    BOOST_TEST(list.add("X-Empty", ""));
    BOOST_TEST(list.add("vary", "Cookie"));
    BOOST_TEST(list.size() == 3U);
    BOOST_TEST(list.text() == "Vary: Origin\r\nX-Empty: \r\nvary: Cookie\r\n");
    std::string seen;
    for (const auto& f : list) {
        seen.append(f.name).append("=").append(f.value).append("|").append(f.line);
    }
    BOOST_TEST(seen == "Vary=Origin|Vary: Origin\r\nX-Empty=|X-Empty: \r\nvary=Cookie|vary: Cookie\r\n");
    BOOST_TEST(list.value("VARY") == "Origin");
    BOOST_TEST(list.value("x-empty").empty());
    BOOST_TEST(list.contains("x-empty"));
    BOOST_TEST(!list.contains("X-Emp"));
    BOOST_TEST(list.value("X-Emp").empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_not_added) {
    header_list list{{"A", "b\r\nc: d"}, {"A b", "c"}, {"", "c"}, {"A", "b: c\td"}};
    BOOST_TEST(list.text() == "A: b: c\td\r\n");
    BOOST_TEST(list.value("a") == "b: c\td");
    BOOST_TEST(!list.add("A\r\n", "b"));
    BOOST_TEST(!list.add("A", std::string_view("\0", 1)));
    BOOST_TEST(list.size() == 1U);
}

BOOST_AUTO_TEST_CASE(lists_are_joined) {
    header_list list{{"A", "1"}};
    list.add(header_list{{"Bee", "2"}, {"C", "3"}});
    list.add(header_list{});
    list.add("D", "4");
    BOOST_TEST(list.text() == "A: 1\r\nBee: 2\r\nC: 3\r\nD: 4\r\n");
    BOOST_TEST(list.value("Bee") == "2");
    BOOST_TEST(list.value("D") == "4");
    const header_list copy = list;
    BOOST_TEST(copy.value("C") == "3");
}

BOOST_AUTO_TEST_CASE(its_memory_is_known) {
    header_list list;
    BOOST_TEST(list.heap_blocks()[0] == 0U);
    BOOST_TEST(list.heap_blocks()[1] == 0U);
    list.add("A", std::string(100, 'x'));
    list.shrink_to_fit();
    BOOST_TEST(list.heap_blocks()[0] == 106U); // with the terminator
    BOOST_TEST(list.heap_blocks()[1] == 8U);
}

BOOST_AUTO_TEST_SUITE_END()
