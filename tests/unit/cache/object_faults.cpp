// What a page may never become: read before it was written, given to two fills, or taken for written when it is not.
#include <boost/test/unit_test.hpp>

#include "helpers.hpp"

namespace sluice::cache::testing {

BOOST_AUTO_TEST_SUITE(object_ownership)

// A long fill goes on while what it wrote first is evicted, and somebody fetches that again.
struct refetched : bench {
    refetched()
        : bench(32 * page_size) {
        long_one = it->claim(0, 32 * page_size - 1, false);
        publish(*long_one, 8 * page_size);
        evict(0);
        again = it->claim(0, 2 * page_size - 1, false);
    }
    std::shared_ptr<fill> long_one;
    std::shared_ptr<fill> again;
};

BOOST_FIXTURE_TEST_CASE(a_page_behind_a_running_fill_that_was_evicted_and_claimed_is_waited_for, refetched) {
    BOOST_REQUIRE(again);
    const auto r = read(page_size, 2 * page_size - 1);
    const auto s = r->next(page_size);
    BOOST_TEST((s.what == span::kind::wait));
}

BOOST_FIXTURE_TEST_CASE(nor_is_anything_given_out_at_the_very_beginning, refetched) {
    BOOST_REQUIRE(again);
    const auto r = read(0, 2 * page_size - 1);
    const auto s = r->next(0);
    BOOST_TEST((s.what == span::kind::wait));
}

BOOST_FIXTURE_TEST_CASE(only_what_the_new_fill_published_is_readable, refetched) {
    BOOST_REQUIRE(again);
    publish(*again, 1000);
    const auto r = read(0, 2 * page_size - 1);
    const auto s = r->next(0);
    BOOST_REQUIRE((s.what == span::kind::readable));
    BOOST_TEST(s.last == 999U);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_the_old_fill_takes_nothing_from_the_new_one, refetched) {
    BOOST_REQUIRE(again);
    publish(*again, 1000);
    it->end_fill(*long_one, error{errc::canceled});
    // Nothing of what the new fill has not written yet may count as written.
    const auto parts = it->writable(1000, 2 * page_size);
    BOOST_REQUIRE_EQUAL(parts.size(), 1U);
    BOOST_TEST(parts[0].first == 1000U);
    BOOST_TEST(parts[0].second == 2 * page_size);
    BOOST_TEST(!it->claim(0, 0, false));
    const auto r = read(0, 999);
    BOOST_TEST((r->next(0).what == span::kind::readable));
}

BOOST_AUTO_TEST_CASE(pages_that_were_reserved_and_never_written_are_written_later_where_no_hole_could_be_punched) {
    bench b(8 * page_size);
    auto f = b.it->claim(0, 8 * page_size - 1, false);
    b.publish(*f, page_size);
    const auto runs = b.it->end_fill(*f, error{errc::canceled});
    BOOST_REQUIRE_EQUAL(runs.size(), 1U);
    b.it->punched(runs[0], false);
    auto g = b.it->claim(page_size, 4 * page_size - 1, false);
    BOOST_REQUIRE(g);
    const auto parts = b.it->writable(page_size, 4 * page_size);
    BOOST_REQUIRE_EQUAL(parts.size(), 1U);
    BOOST_TEST(parts[0].first == page_size);
    BOOST_TEST(parts[0].second == 4 * page_size);
}

BOOST_AUTO_TEST_CASE(a_damaged_page_is_written_anew_where_no_hole_could_be_punched) {
    bench b(2 * page_size);
    metadata m = b.it->snapshot();
    m.add(0, 7);
    m.add(1, 7);
    b.room.charge(2 * page_size);
    b.it->load_pages(m, 2 * page_size, 0);
    b.it->punched(b.it->drop_damaged(0, 7).value(), false);
    BOOST_REQUIRE(b.it->claim(0, page_size - 1, false));
    BOOST_TEST(!b.it->writable(0, page_size).empty());
}

BOOST_AUTO_TEST_CASE(absent_pages_of_a_block_whose_eviction_failed_stay_absent_and_uncharged) {
    bench b(4 * page_size);
    auto f = b.it->claim(0, page_size - 1, false);
    b.publish(*f, page_size);
    b.it->end_fill(*f, {});
    const auto r = b.it->begin_eviction(0);
    BOOST_TEST(r.end - r.begin == 4 * page_size);
    b.it->punched(r, false);
    BOOST_REQUIRE(b.it->claim(page_size, 2 * page_size - 1, false));
    BOOST_TEST(!b.it->writable(page_size, 2 * page_size).empty());
}

BOOST_AUTO_TEST_CASE(a_stored_time_in_the_future_is_long_ago) {
    bench b(page_size);
    metadata m = b.it->snapshot();
    m.checked = std::chrono::system_clock::now() + std::chrono::hours(48);
    b.it->load_pages(m, 0, 0);
    const auto now = steady_clock::now();
    BOOST_REQUIRE((b.it->checked() <= now));
    BOOST_TEST((now - b.it->checked() > std::chrono::hours(24 * 365)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
