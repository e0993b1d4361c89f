#include <sluice/cache/key.hpp>
#include <sluice/cache/special_pages.hpp>

#include <boost/test/unit_test.hpp>

namespace sluice::cache::testing {

BOOST_AUTO_TEST_SUITE(special_page_sets)

BOOST_AUTO_TEST_CASE(what_was_published_of_a_partial_page_is_left_out) {
    using parts = std::vector<special_pages::interval>;
    special_pages s;
    BOOST_TEST((s.unpublished(0, 10) == parts{{0, 10}}));
    s.add_partial(0, 6, 8);
    s.add_partial(0, 2, 4);
    BOOST_TEST((s.unpublished(0, 10) == parts{{0, 2}, {4, 6}, {8, 10}}));
    BOOST_TEST((s.unpublished(3, 7) == parts{{4, 6}}));
    BOOST_TEST((s.unpublished(2, 4).empty()));
    s.set_partial(0, {0, page_size});
    BOOST_TEST((s.unpublished(0, page_size + 1) == parts{{page_size, page_size + 1}}));
    s.keep_partial(3);
    s.keep_partial(0); // keeps what was published
    BOOST_TEST((s.unpublished(0, page_size).empty()));
    BOOST_TEST(s.next_partial(1).value() == 3U);
    BOOST_TEST(s.erase_partial(3));
    BOOST_TEST(!s.erase_partial(3));
    BOOST_TEST(!s.next_partial(1));
    BOOST_TEST(s.is_partial(0));
    BOOST_TEST(s.idle());
}

BOOST_AUTO_TEST_CASE(runs_that_are_punched) {
    special_pages s;
    BOOST_TEST(!s.is_punching(2));
    s.begin_punch(2, {4, 100, false});
    s.begin_punch(7, {7, 50, true});
    BOOST_TEST(!s.idle());
    for (const std::size_t page : {1U, 5U, 6U, 8U}) {
        BOOST_TEST(!s.is_punching(page));
    }
    for (const std::size_t page : {2U, 3U, 4U, 7U}) {
        BOOST_TEST(s.is_punching(page));
    }
    BOOST_TEST(s.next_punch(0).value() == 2U);
    BOOST_TEST(s.next_punch(2).value() == 7U);
    BOOST_TEST(!s.next_punch(7));
    BOOST_REQUIRE(s.punch_from(7) != nullptr);
    BOOST_TEST(s.punch_from(7)->damaged);
    BOOST_TEST((s.punch_from(3) == nullptr));
    s.end_punch(2);
    s.end_punch(7);
    BOOST_TEST(s.idle());
}

BOOST_AUTO_TEST_CASE(blocks_that_are_checked_more_than_once) {
    special_pages s;
    s.begin_check(1, 3);
    s.begin_check(1, 3);
    s.begin_check(3, 4);
    BOOST_TEST(s.is_checked(4));
    BOOST_TEST(s.end_check(1, 3));
    BOOST_TEST(s.is_checked(1));
    BOOST_TEST(s.end_check(1, 3));
    BOOST_TEST(!s.is_checked(1));
    BOOST_TEST(!s.end_check(1, 3));
    BOOST_TEST(s.end_check(3, 4));
    BOOST_TEST(s.idle());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
