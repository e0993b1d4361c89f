// The life of a page: absent, claimed, filling, partial, present; who reads it meanwhile, and who may write it.
#include <boost/test/unit_test.hpp>

#include "helpers.hpp"

namespace sluice::cache::testing {

namespace {

using kind = span::kind;

const error broken{errc::short_body, error_source::origin, true};
const error left{errc::canceled, error_source::internal, true};

void check(const span& s, kind what, std::uint64_t first, std::uint64_t last) {
    BOOST_TEST((s.what == what));
    BOOST_TEST(s.first == first);
    BOOST_TEST(s.last == last);
}

using parts = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

} // namespace

BOOST_AUTO_TEST_SUITE(pages)

BOOST_AUTO_TEST_CASE(what_nobody_has_is_absent_in_whole_pages) {
    bench b(8 * page_size + 5);
    const auto r = b.read(page_size + 1, 2 * page_size);
    check(r->next(page_size + 1), kind::absent, page_size, 3 * page_size - 1);
    const auto all = b.read(0, 8 * page_size + 4);
    check(all->next(0), kind::absent, 0, 8 * page_size + 4);
}

BOOST_AUTO_TEST_CASE(claimed_is_waited_for_and_published_is_read_byte_by_byte) {
    bench b(8 * page_size);
    const auto f = b.it->claim(10, 3 * page_size, whole_pages);
    BOOST_REQUIRE(f);
    BOOST_TEST(f->begin == 0U);
    BOOST_TEST(f->end == 4 * page_size);
    BOOST_TEST(b.room.used() == 0U); // claimed is not charged
    const auto r = b.read(0, 4 * page_size - 1);
    BOOST_TEST((r->next(0).what == kind::wait));
    b.publish(*f, 1);
    check(r->next(0), kind::readable, 0, 0);
    BOOST_TEST((r->next(1).what == kind::wait));
    b.publish(*f, page_size);
    check(r->next(1), kind::readable, 1, page_size);
    b.publish(*f, 3 * page_size - 1);
    b.it->end_fill(*f, {});
    check(r->next(5), kind::readable, 5, 4 * page_size - 1);
    BOOST_TEST(b.room.used() == 4 * page_size);
}

BOOST_AUTO_TEST_CASE(a_claim_ends_where_another_begins_and_never_takes_the_same_page) {
    bench b(8 * page_size);
    const auto middle = b.it->claim(3 * page_size, 5 * page_size - 1, whole_pages);
    const auto before = b.it->claim(page_size, 8 * page_size - 1, whole_pages);
    BOOST_REQUIRE(before);
    BOOST_TEST(before->end == 3 * page_size);
    BOOST_TEST(!b.it->claim(4 * page_size, 8 * page_size - 1, whole_pages));
    const auto after = b.it->claim(5 * page_size, UINT64_MAX, whole_pages);
    BOOST_REQUIRE(after);
    BOOST_TEST(after->end == 8 * page_size);
    // Three at once, each with its own progress.
    b.publish(*after, 100);
    b.publish(*middle, 200);
    check(b.read(5 * page_size, 6 * page_size)->next(5 * page_size), kind::readable, 5 * page_size, 5 * page_size + 99);
    check(b.read(3 * page_size, 6 * page_size)->next(3 * page_size), kind::readable, 3 * page_size,
          3 * page_size + 199);
    BOOST_TEST((b.read(page_size, 6 * page_size)->next(page_size).what == kind::wait));
}

BOOST_AUTO_TEST_CASE(a_partly_present_run_is_read_to_its_first_gap) {
    bench b(8 * page_size);
    b.fetch(0, page_size);
    b.fetch(3 * page_size, 3 * page_size);
    const auto r = b.read(7, 8 * page_size - 1);
    check(r->next(7), kind::readable, 7, 2 * page_size - 1);
    check(r->next(2 * page_size), kind::absent, 2 * page_size, 3 * page_size - 1);
    const auto gap = b.it->gap(0, 8 * page_size - 1);
    BOOST_TEST(gap.begin == 2 * page_size);
    BOOST_TEST(gap.end == 3 * page_size);
    BOOST_TEST((b.it->covers(0, 2 * page_size - 1) == object::coverage::all));
    BOOST_TEST((b.it->covers(0, 2 * page_size) == object::coverage::some));
    BOOST_TEST((b.it->covers(4 * page_size, 5 * page_size) == object::coverage::none));
    const auto runs = b.it->present_runs(page_size, 3 * page_size, 10);
    BOOST_REQUIRE(runs.size() == 2U);
    BOOST_TEST(runs[0].begin == page_size);
    BOOST_TEST(runs[0].end == 2 * page_size);
    BOOST_TEST(runs[1].begin == 3 * page_size);
    BOOST_TEST(runs[1].end == 4 * page_size);
    BOOST_TEST(b.it->present_runs(0, 8 * page_size - 1, 1).size() == 1U);
}

BOOST_AUTO_TEST_CASE(room_is_asked_for_by_the_block_and_once) {
    bench b(10 * page_size);
    const auto f = b.it->claim(page_size, 10 * page_size - 1, whole_pages);
    auto n = b.it->reservation_for(*f, 1);
    BOOST_TEST(n.first_page == 1U);
    BOOST_TEST(n.pages == 3U); // to the end of the block
    BOOST_TEST(n.bytes == 3 * page_size);
    BOOST_REQUIRE(b.reserve(*f, 1));
    BOOST_TEST(b.it->reservation_for(*f, 3 * page_size).pages == 0U);
    n = b.it->reservation_for(*f, 3 * page_size + 1);
    BOOST_TEST(n.first_page == 4U);
    BOOST_TEST(n.pages == 4U);
    b.publish(*f, 9 * page_size);
    BOOST_TEST(b.room.used() == 9 * page_size);
    BOOST_TEST(b.it->charged() == 9 * page_size);
}

BOOST_AUTO_TEST_CASE(a_trimmed_fill_gives_up_what_its_answer_does_not_cover) {
    bench b(8 * page_size);
    const auto f = b.it->claim(0, 8 * page_size - 1, whole_pages);
    const auto r = b.read(4 * page_size, 5 * page_size);
    BOOST_TEST((r->next(4 * page_size).what == kind::wait));
    b.it->trim(*f, 2 * page_size);
    BOOST_TEST(f->end == 2 * page_size);
    BOOST_TEST((r->next(4 * page_size).what == kind::absent));
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_to_those_who_waited_for_it_and_never_an_end) {
    bench b(8 * page_size);
    const auto f = b.it->claim(0, 8 * page_size - 1, whole_pages);
    const auto near = b.read(0, 100);
    const auto far = b.read(0, 8 * page_size - 1);
    near->next(0);
    far->next(0);
    b.publish(*f, 500);
    b.it->end_fill(*f, broken);
    // What was published before it broke counts: it is partial now, so that it is fetched again, without a failure.
    BOOST_TEST((near->next(0).what != kind::failed));
    const auto s = far->next(500);
    BOOST_TEST((s.what != kind::readable));
    const auto unlucky = b.read(6 * page_size, 7 * page_size);
    BOOST_TEST((unlucky->next(6 * page_size).what != kind::failed)); // it waited for nothing
}

BOOST_AUTO_TEST_CASE(a_failure_ends_the_wait_of_who_had_nothing) {
    bench b(8 * page_size);
    const auto f = b.it->claim(0, 8 * page_size - 1, whole_pages);
    const auto r = b.read(0, 100);
    r->next(0);
    b.it->end_fill(*f, broken);
    const auto s = r->next(0);
    BOOST_TEST((s.what == kind::failed));
    BOOST_REQUIRE(s.outcome.has_error());
    BOOST_TEST((s.outcome.error().code == errc::short_body));
    BOOST_TEST((r->next(0).what == kind::absent)); // only once, then it may try itself
}

BOOST_AUTO_TEST_CASE(a_fill_that_nobody_wanted_any_more_is_no_failure) {
    bench b(8 * page_size);
    const auto f = b.it->claim(0, 8 * page_size - 1, whole_pages);
    const auto r = b.read(0, 100);
    r->next(0);
    b.it->end_fill(*f, left);
    BOOST_TEST((r->next(0).what == kind::absent));
}

BOOST_AUTO_TEST_CASE(a_torn_page_is_completed_without_writing_what_was_published) {
    bench b(8 * page_size);
    const auto f = b.it->claim(0, 4 * page_size - 1, whole_pages);
    b.publish(*f, page_size + 300);
    for (const auto& run : b.it->end_fill(*f, broken)) {
        b.it->punched(run, true);
    }
    BOOST_TEST(b.room.used() == 2 * page_size); // the whole one and the partial one
    const auto g = b.it->claim(page_size, 4 * page_size - 1, whole_pages);
    BOOST_REQUIRE(g);
    BOOST_TEST(g->begin == page_size);
    BOOST_TEST((b.it->writable(page_size, 2 * page_size + 10) == parts{{page_size + 300, 2 * page_size + 10}}));
    BOOST_TEST(b.it->writable(page_size, page_size + 300).empty());
    BOOST_TEST(b.it->reservation_for(*g, 1).bytes == 2 * page_size); // the partial page has its room
    b.publish(*g, 3 * page_size);
    b.it->end_fill(*g, {});
    BOOST_TEST(b.room.used() == 4 * page_size);
    const auto r = b.read(page_size, 4 * page_size - 1);
    check(r->next(page_size), kind::unverified, page_size, 2 * page_size - 1);
    b.it->mark_verified(1, 1);
    check(r->next(page_size), kind::readable, page_size, 4 * page_size - 1);
}

BOOST_AUTO_TEST_CASE(a_page_torn_in_several_places_keeps_each_of_them) {
    bench b(2 * page_size);
    auto f = b.it->claim(500, page_size - 1, inside_page);
    b.publish(*f, 100);
    b.it->end_fill(*f, broken);
    f = b.it->claim(3000, page_size - 1, inside_page);
    b.publish(*f, 50);
    b.it->end_fill(*f, broken);
    BOOST_TEST((b.it->writable(0, page_size) == parts{{0, 500}, {600, 3000}, {3050, page_size}}));
    BOOST_TEST((b.it->writable(550, 3010) == parts{{600, 3000}}));
    f = b.it->claim(0, page_size - 1, whole_pages);
    b.publish(*f, 2000);
    b.it->end_fill(*f, broken);
    BOOST_TEST((b.it->writable(0, page_size) == parts{{2000, 3000}, {3050, page_size}}));
    BOOST_TEST(b.room.used() == page_size);
}

BOOST_AUTO_TEST_CASE(after_a_broken_fill_one_claim_has_the_torn_page_and_what_follows) {
    bench b(16 * page_size);
    const auto f = b.it->claim(0, 8 * page_size - 1, whole_pages);
    b.publish(*f, page_size + 300); // reserves the block of four pages
    const auto runs = b.it->end_fill(*f, broken);
    BOOST_REQUIRE_EQUAL(runs.size(), 1U);
    const auto r = b.read(page_size, 8 * page_size - 1);
    BOOST_TEST((r->next(page_size).what == kind::wait)); // for the punch, which is shorter than a request
    BOOST_TEST(b.it->gap(0, 8 * page_size - 1).empty()); // nor is the torn page alone fetched ahead
    b.it->punched(runs[0], true);
    check(r->next(page_size), kind::absent, page_size, 8 * page_size - 1);
    const auto gap = b.it->gap(page_size, 8 * page_size - 1);
    BOOST_TEST(gap.begin == page_size);
    BOOST_TEST(gap.end == 8 * page_size);
}

BOOST_AUTO_TEST_CASE(a_long_gap_does_not_wait_for_a_punch_behind_it) {
    bench b(16 * page_size);
    b.fetch(8 * page_size, 12 * page_size - 1);
    const auto run = b.it->begin_eviction(2);
    const auto r = b.read(0, 16 * page_size - 1);
    check(r->next(0), kind::absent, 0, 8 * page_size - 1);
    BOOST_TEST(b.it->gap(0, 16 * page_size - 1).end == 8 * page_size);
    b.it->punched(run, true);
}

// A cold suffix of unknown size begins inside a page.
struct suffix : bench {
    static constexpr std::uint64_t begin = 2 * page_size + 1000;
    suffix()
        : bench(8 * page_size)
        , f(it->claim(begin, 8 * page_size - 1, inside_page)) {}
    std::shared_ptr<fill> f;
};

BOOST_FIXTURE_TEST_CASE(its_first_page_is_read_from_it_and_not_recorded, suffix) {
    publish(*f, 2 * page_size);
    const auto r = read(begin, 8 * page_size - 1);
    check(r->next(begin), kind::readable, begin, begin + 2 * page_size - 1);
    BOOST_TEST((it->covers(begin, begin) == object::coverage::none));
    BOOST_TEST((it->covers(3 * page_size, 3 * page_size) == object::coverage::all));
    r->release();
    it->end_fill(*f, left);
    BOOST_TEST((read(begin, begin)->next(begin).what != kind::readable));
}

BOOST_FIXTURE_TEST_CASE(what_lies_before_it_in_that_page_waits_no_longer_than_the_page, suffix) {
    const auto r = read(2 * page_size, begin + 10);
    BOOST_TEST((r->next(2 * page_size).what == kind::wait));
    publish(*f, 3000);
    BOOST_TEST((r->next(2 * page_size).what == kind::wait)); // the suffix still writes there
    publish(*f, page_size);
    check(r->next(2 * page_size), kind::absent, 2 * page_size, 3 * page_size - 1);
    const auto g = it->claim(2 * page_size, begin + 10, whole_pages);
    BOOST_REQUIRE(g);
    BOOST_TEST(g->end == 3 * page_size);
    // What the suffix published is not written again, and still read from it.
    BOOST_TEST((it->writable(2 * page_size, 3 * page_size) == parts{{2 * page_size, begin}}));
    const auto behind = read(begin, begin + 10);
    check(behind->next(begin), kind::readable, begin, begin + 10);
    publish(*g, page_size);
    it->end_fill(*g, {});
    check(r->next(2 * page_size), kind::unverified, 2 * page_size, 3 * page_size - 1);
    // The end of the suffix takes nothing from it.
    for (const auto& run : it->end_fill(*f, left)) {
        it->punched(run, true);
    }
    BOOST_TEST((it->covers(2 * page_size, 3 * page_size - 1) == object::coverage::all));
}

BOOST_FIXTURE_TEST_CASE(its_first_page_is_no_longer_read_from_it_once_evicted, suffix) {
    publish(*f, 3 * page_size); // beyond the block
    evict(0);
    const auto r = read(begin, begin + 10);
    check(r->next(begin), kind::absent, 2 * page_size, 3 * page_size - 1);
    const auto g = it->claim(begin, begin, whole_pages);
    BOOST_REQUIRE(g);
    BOOST_TEST((r->next(begin).what == kind::wait));
    BOOST_TEST((it->writable(2 * page_size, 3 * page_size) == parts{{2 * page_size, 3 * page_size}}));
}

BOOST_AUTO_TEST_CASE(the_last_page_of_a_finished_fill_that_was_evicted_is_not_read_from_it) {
    bench b(4 * page_size + 100); // its last page is not whole
    const auto f = b.it->claim(0, 4 * page_size + 99, whole_pages);
    b.publish(*f, 4 * page_size + 100);
    b.evict(1); // before the fill was ended
    const auto g = b.it->claim(4 * page_size, 4 * page_size + 99, whole_pages);
    BOOST_REQUIRE(g);
    BOOST_REQUIRE(b.reserve(*g, 1));
    const auto r = b.read(4 * page_size, 4 * page_size + 99);
    BOOST_TEST((r->next(4 * page_size).what == kind::wait));
    b.it->end_fill(*f, {});
    b.publish(*g, 10);
    check(r->next(4 * page_size), kind::readable, 4 * page_size, 4 * page_size + 9);
}

BOOST_AUTO_TEST_CASE(demand_is_of_readers_that_come_to_it) {
    bench b(64 * page_size);
    const auto f = b.it->claim(8 * page_size, 64 * page_size - 1, whole_pages);
    BOOST_TEST(!b.it->demand_for(*f, page_size).wanted);
    const auto before = b.read(0, page_size);
    BOOST_TEST(!b.it->demand_for(*f, 4 * page_size).wanted); // ends before it
    const auto r = b.read(8 * page_size, 64 * page_size - 1);
    r->next(8 * page_size);
    auto d = b.it->demand_for(*f, 4 * page_size);
    BOOST_TEST(d.wanted);
    BOOST_TEST(d.wanted_to == 12 * page_size);
    const auto ahead = b.read(10 * page_size, 64 * page_size - 1);
    ahead->next(10 * page_size);
    d = b.it->demand_for(*f, 4 * page_size);
    BOOST_TEST(d.wanted_to == 14 * page_size);
    b.publish(*f, 2 * page_size + 1);
    const auto inside = b.read(10 * page_size + 5, 10 * page_size + 9); // its page is not whole yet
    BOOST_TEST(b.it->demand_for(*f, 4 * page_size).wanted);
}

BOOST_AUTO_TEST_CASE(an_object_without_bytes_has_no_pages) {
    bench b(0);
    BOOST_TEST(b.it->layout().pages() == 0U);
    BOOST_TEST(b.it->blocks_held() == 0U);
    BOOST_TEST(b.it->snapshot().present.empty());
    BOOST_TEST(b.it->idle());
}

BOOST_AUTO_TEST_CASE(a_huge_object_costs_what_is_held_of_it) {
    constexpr std::uint64_t size = std::uint64_t{5} << 40U;
    bench b(size, 1024 * mib, mib);
    // At its end, in its middle, and at its beginning, where somebody wants all of it.
    b.fetch(size - 1, size - 1);
    b.fetch(size / 2, size / 2 + 3 * mib - 1);
    const auto f = b.it->claim(0, size - 1, whole_pages);
    BOOST_TEST(f->end == size / 2);
    const auto second = b.it->claim(size / 2 + 3 * mib, size - 1, whole_pages);
    BOOST_TEST(second->end == size - page_size);
    b.publish(*f, 100);
    BOOST_TEST(b.it->blocks_held() == 5U);
    const auto r = b.read(0, size - 1);
    check(r->next(0), kind::readable, 0, 99);
    BOOST_TEST((b.read(size / 4, size - 1)->next(size / 4).what == kind::wait));
    BOOST_TEST((b.it->covers(0, size - 1) == object::coverage::some));
    BOOST_TEST((b.it->covers(size / 2, size / 2 + 3 * mib - 1) == object::coverage::all));
    BOOST_TEST((b.it->covers(mib, size / 2 - 1) == object::coverage::none));
    BOOST_TEST(b.it->present_runs(0, size - 1, 100).size() == 2U);
    for (const auto& run : b.it->end_fill(*f, left)) {
        b.it->punched(run, true);
    }
    b.it->end_fill(*second, left);
    BOOST_TEST(b.it->blocks_held() == 5U); // the partial page too
    const auto gap = b.it->gap(page_size, size - 1);
    BOOST_TEST(gap.begin == page_size);
    BOOST_TEST(gap.end == size / 2);
    BOOST_TEST(b.it->gap(size / 2, size - 1).begin == size / 2 + 3 * mib);
    check(b.read(size / 2 + 3 * mib, size - 1)->next(size / 2 + 3 * mib), kind::absent, size / 2 + 3 * mib,
          size - page_size - 1);
    const metadata m = b.it->snapshot();
    BOOST_TEST(m.present.size() == 2U);
    std::vector<eviction_candidate> out;
    b.it->add_evictable(0, out);
    BOOST_TEST(out.size() == 4U); // one is being read
    // Loaded anew, with more on the disk than is recorded.
    bench again(size, 1024 * mib, mib);
    again.room.charge(10 * mib);
    again.it->load_pages(m, 10 * mib, 0);
    BOOST_TEST(again.it->charged() == 3 * mib + page_size);
    const auto runs = again.it->unrecorded(10 * mib);
    BOOST_TEST(runs.size() == 2U);
    BOOST_TEST((again.read(0, size - 1)->next(0).what == kind::wait));
    for (const auto& run : runs) {
        again.it->punched(run, true);
    }
    BOOST_TEST((again.read(0, size - 1)->next(0).what == kind::absent));
    BOOST_TEST(again.room.held().blocks() == 4U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
