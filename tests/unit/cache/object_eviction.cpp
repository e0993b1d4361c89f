// What may leave the disk, in which order, and what happens to whoever reads it meanwhile.
#include <boost/test/unit_test.hpp>

#include "helpers.hpp"

#include <algorithm>

namespace sluice::cache::testing {

namespace {

std::vector<eviction_candidate> evictable(bench& b) {
    std::vector<eviction_candidate> out;
    b.it->add_evictable(0, out);
    return out;
}
std::vector<std::size_t> blocks(bench& b) {
    std::vector<std::size_t> out;
    for (const auto& each : evictable(b)) {
        out.push_back(each.block);
    }
    return out;
}
using list = std::vector<std::size_t>;

/// All pages present and not verified, as after a restart; the checksum of page n is n + 1000.
void load_all(bench& b) {
    metadata m = b.it->snapshot();
    for (std::size_t page = 0; page < b.it->layout().pages(); ++page) {
        m.add(page, page + 1000);
    }
    b.room.charge(b.it->info().size);
    b.it->load_pages(m, b.it->info().size, 0);
}

bool none(const object::run& r) {
    return r.begin == r.end;
}

} // namespace

BOOST_AUTO_TEST_SUITE(eviction)

BOOST_AUTO_TEST_CASE(an_evicted_block_gives_back_what_it_was_charged_and_can_be_claimed_again) {
    bench b(8 * page_size);
    b.fetch(0, 8 * page_size - 1);
    BOOST_TEST(b.it->blocks_held() == 2U);
    const auto run = b.it->begin_eviction(1);
    BOOST_TEST(run.begin == 4 * page_size);
    BOOST_TEST(run.end == 8 * page_size);
    BOOST_TEST(!b.it->claim(5 * page_size, 6 * page_size, whole_pages)); // not before the punch has returned
    BOOST_TEST(b.room.used() == 8 * page_size);
    BOOST_TEST((b.read(5 * page_size, 6 * page_size)->next(5 * page_size).what == span::kind::wait));
    BOOST_TEST(none(b.it->begin_eviction(1)));
    BOOST_TEST(b.it->punched(run, true) == 4 * page_size);
    BOOST_TEST(b.room.used() == 4 * page_size);
    BOOST_TEST(b.it->blocks_held() == 1U);
    BOOST_TEST(b.it->claim(5 * page_size, 6 * page_size, whole_pages) != nullptr);
    BOOST_TEST(b.it->punched(run, true) == 0U); // once
}

BOOST_AUTO_TEST_CASE(a_hole_ends_page_aligned_beyond_the_end_of_the_object) {
    bench b(5 * page_size + 1);
    b.fetch(0, 5 * page_size);
    const auto run = b.it->begin_eviction(1);
    BOOST_TEST(run.end == 6 * page_size);
    BOOST_TEST(b.it->punched(run, true) == page_size + 4096);
}

BOOST_AUTO_TEST_CASE(a_block_that_is_sent_stays_and_counts_as_held) {
    bench b(12 * page_size);
    b.fetch(0, 12 * page_size - 1);
    auto r = b.read(5 * page_size, 5 * page_size + 10);
    BOOST_REQUIRE((r->next(5 * page_size).what == span::kind::readable));
    BOOST_TEST((blocks(b) == list{0, 2}));
    BOOST_TEST(none(b.it->begin_eviction(1)));
    BOOST_TEST(b.it->blocks_held() == 3U);
    auto second = b.read(4 * page_size, 4 * page_size + 10);
    second->next(4 * page_size);
    r->release();
    BOOST_TEST((blocks(b) == list{0, 2}));
    second.reset();
    BOOST_TEST((blocks(b) == list{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(one_span_pins_no_more_than_four_mebibytes) {
    bench b(16 * mib, 1024 * mib, mib);
    b.fetch(0, 16 * mib - 1);
    const auto r = b.read(100, 16 * mib - 1);
    const auto s = r->next(100);
    BOOST_TEST(s.last == 100 + 4 * mib - 1);
    BOOST_TEST(!none(b.it->begin_eviction(5)));
    BOOST_TEST(none(b.it->begin_eviction(4)));
}

BOOST_AUTO_TEST_CASE(a_block_in_which_a_fill_works_stays) {
    bench b(8 * page_size);
    const auto f = b.it->claim(2 * page_size, 6 * page_size - 1, whole_pages);
    b.publish(*f, 3 * page_size); // block 0 is behind it
    BOOST_TEST(none(b.it->begin_eviction(1)));
    BOOST_TEST(!none(b.it->begin_eviction(0)));
}

BOOST_AUTO_TEST_CASE(what_a_reader_is_about_to_want_is_told_with_its_distance) {
    bench b(32 * page_size);
    b.fetch(0, 32 * page_size - 1);
    for (const auto& each : evictable(b)) {
        BOOST_TEST(each.reader_distance == 0U);
    }
    const auto r = b.read(8 * page_size, 24 * page_size - 1);
    const auto far = b.read(20 * page_size, 20 * page_size);
    std::vector<std::uint32_t> ahead;
    for (const auto& each : evictable(b)) {
        ahead.push_back(each.reader_distance);
    }
    BOOST_TEST((ahead == std::vector<std::uint32_t>{0, 0, 1, 2, 3, 1, 0, 0}));
    r->next(16 * page_size);
    r->release();
    BOOST_TEST(evictable(b)[2].reader_distance == 0U); // it has passed
}

BOOST_AUTO_TEST_CASE(what_lies_far_ahead_is_nobodys_yet) {
    bench b(80 * mib, 1024 * mib, mib);
    b.fetch(0, 80 * mib - 1);
    const auto r = b.read(0, 80 * mib - 1);
    const auto all = evictable(b);
    BOOST_TEST(all[31].reader_distance != 0U);
    BOOST_TEST(all[40].reader_distance == 0U);
}

BOOST_AUTO_TEST_CASE(a_retired_object_is_not_evicted_from_and_its_readers_finish) {
    bench b(4 * page_size);
    b.fetch(0, 4 * page_size - 1);
    const auto r = b.read(0, 4 * page_size - 1);
    b.it->retire();
    BOOST_TEST(none(b.it->begin_eviction(0)));
    BOOST_TEST((r->next(0).what == span::kind::readable));
    BOOST_TEST(!b.it->close_if_idle());
}

BOOST_AUTO_TEST_CASE(an_object_gives_everything_back_at_its_end) {
    budget room(mib);
    BOOST_REQUIRE(room.try_charge(8192));
    const auto policy = make_lru();
    auto o = std::make_shared<object>(info_of(4 * page_size), 4 * page_size, 1, room, *policy, 8192);
    const auto f = o->claim(0, page_size - 1, whole_pages);
    auto n = o->reservation_for(*f, 1);
    BOOST_REQUIRE(room.try_charge(n.bytes));
    o->reserved(*f, n);
    BOOST_TEST(room.used() == page_size + 8192);
    o.reset();
    BOOST_TEST(room.used() == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_restart_finds_is_charged_with_the_largest_its_metadata_may_become) {
    bench b(100 * page_size);
    metadata m = b.it->snapshot();
    m.add(3, 1);
    b.room.charge(2 * page_size + 4096); // by the scan
    b.it->load_pages(m, 2 * page_size, 4096);
    BOOST_TEST(b.it->charged() == page_size);
    BOOST_TEST(b.room.used() == page_size + max_metadata_charge(b.it->info(), 1, 4));
    // One page too much lies on the disk: all that is not recorded is given back.
    const auto runs = b.it->unrecorded(2 * page_size);
    BOOST_REQUIRE_EQUAL(runs.size(), 2U);
    BOOST_TEST(runs[0].end == 3 * page_size);
    BOOST_TEST(runs[1].begin == 4 * page_size);
    BOOST_TEST(b.it->punched(runs[0], true) == 0U);
    BOOST_TEST(b.it->punched(runs[1], true) == 0U);
    BOOST_TEST(b.it->charged() == page_size);
}

BOOST_AUTO_TEST_CASE(pages_from_the_disk_are_checked_once) {
    bench b(8 * page_size);
    load_all(b);
    const auto r = b.read(page_size + 5, 8 * page_size - 1);
    const auto s = r->next(page_size + 5);
    BOOST_TEST((s.what == span::kind::unverified));
    BOOST_TEST(s.first == page_size);
    BOOST_TEST(s.last == 5 * page_size - 1); // no more than a block at a time
    b.it->mark_verified(1, 4);
    const auto t = r->next(page_size + 5);
    BOOST_TEST((t.what == span::kind::readable));
    BOOST_TEST(t.last == 5 * page_size - 1);
}

BOOST_AUTO_TEST_CASE(what_is_being_checked_is_not_evicted) {
    bench b(12 * page_size);
    load_all(b);
    b.it->begin_check(3, 4);
    b.it->begin_check(4, 4);
    BOOST_TEST((blocks(b) == list{2}));
    BOOST_TEST(none(b.it->begin_eviction(0)));
    BOOST_TEST(none(b.it->begin_eviction(1)));
    BOOST_TEST(!b.it->idle());
    b.it->end_check(3, 4);
    BOOST_TEST((blocks(b) == list{0, 2}));
    b.it->end_check(4, 4);
    BOOST_TEST((blocks(b) == list{0, 1, 2}));
    BOOST_TEST(b.it->idle());
}

BOOST_AUTO_TEST_CASE(only_what_was_compared_is_dropped_as_damaged) {
    bench b(8 * page_size);
    load_all(b);
    BOOST_TEST(none(b.it->drop_damaged(0, 77).value())); // refilled meanwhile
    b.it->mark_verified(1, 1);
    BOOST_TEST(none(b.it->drop_damaged(1, 1001).value()));
    const auto run = b.it->drop_damaged(2, 1002).value();
    BOOST_TEST(run.begin == 2 * page_size);
    BOOST_TEST(run.end == 3 * page_size);
    BOOST_TEST(none(b.it->drop_damaged(2, 1002).value())); // by another who checked it too
    BOOST_TEST(b.it->punched(run, true) == page_size);
    BOOST_TEST((b.read(2 * page_size, 2 * page_size)->next(2 * page_size).what == span::kind::absent));
}

BOOST_AUTO_TEST_CASE(a_damaged_page_of_a_block_that_is_sent_stays_as_it_is) {
    bench b(8 * page_size);
    load_all(b);
    b.it->mark_verified(0, 0);
    const auto r = b.read(0, 10);
    BOOST_REQUIRE((r->next(0).what == span::kind::readable));
    BOOST_TEST(!b.it->drop_damaged(1, 1001).has_value());
    r->release();
    BOOST_TEST(b.it->drop_damaged(1, 1001).has_value());
}

BOOST_AUTO_TEST_CASE(metadata_is_written_after_changes_only) {
    bench b(8 * page_size);
    BOOST_TEST(b.it->take_dirty());
    BOOST_TEST(!b.it->take_dirty());
    b.fetch(0, page_size - 1);
    BOOST_TEST(b.it->take_dirty());
    const metadata m = b.it->snapshot();
    BOOST_TEST((m.present == std::vector<metadata::run>{{0, 1}}));
    BOOST_TEST((m.checksums == std::vector<std::uint64_t>{1000}));
    b.evict(0);
    BOOST_TEST(b.it->take_dirty());
    BOOST_TEST(b.it->snapshot().present.empty());
    b.it->confirm_version(0);
    BOOST_TEST(b.it->take_dirty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
