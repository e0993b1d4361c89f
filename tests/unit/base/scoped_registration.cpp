#include <sluice/base/scoped_registration.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <list>
#include <memory>
#include <random>
#include <vector>

using namespace sluice;

namespace {

template <class List>
bool has(const List& list, const int& item) {
    return std::find(list.begin(), list.end(), &item) != list.end();
}

template <class List>
void in_and_out() {
    List list;
    int a = 1;
    int b = 2;
    int c = 3;
    {
        const scoped_registration first(list, a);
        {
            const scoped_registration second(list, b);
            const scoped_registration third(list, c);
            BOOST_TEST(list.size() == 3U);
            BOOST_TEST((has(list, a) && has(list, b) && has(list, c)));
        }
        BOOST_TEST(list.size() == 1U);
        BOOST_TEST(has(list, a));
        const scoped_registration twice(list, a); // in it twice, leaves it once
        BOOST_TEST(list.size() == 2U);
    }
    BOOST_TEST(list.empty());
    {
        const scoped_registration cleared(list, a);
        list.clear(); // by somebody else: nothing is looked for
        list.push_back(&b);
    }
    BOOST_TEST(list.size() == 1U);
    BOOST_TEST(has(list, b));
}

} // namespace

BOOST_AUTO_TEST_SUITE(listed_items)

BOOST_AUTO_TEST_CASE(in_and_out_again) {
    in_and_out<std::vector<int*>>();
    in_and_out<std::deque<int*>>();
    in_and_out<std::list<int*>>();
}

BOOST_AUTO_TEST_CASE(out_in_any_order) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    std::vector<int> items(40);
    std::vector<int*> list;
    std::vector<std::unique_ptr<scoped_registration<std::vector<int*>>>> marks;
    for (auto& item : items) {
        marks.push_back(std::make_unique<scoped_registration<std::vector<int*>>>(list, item));
    }
    std::vector<std::size_t> order(items.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t gone = 0; gone < order.size(); ++gone) {
        marks[order[gone]].reset();
        BOOST_TEST(list.size() == items.size() - gone - 1, "seed " << seed);
        for (std::size_t i = 0; i < order.size(); ++i) {
            BOOST_TEST(has(list, items[order[i]]) == (i > gone), "seed " << seed);
        }
    }
}

BOOST_AUTO_TEST_CASE(leaves_when_a_scope_is_left_by_an_exception) {
    std::vector<int*> list;
    int a = 1;
    try {
        const scoped_registration mark(list, a);
        throw 1;
    } catch (int) {
    }
    BOOST_TEST(list.empty());
}

BOOST_AUTO_TEST_SUITE_END()
