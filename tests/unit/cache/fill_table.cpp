#include <sluice/cache/fill_table.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>

namespace sluice::cache::testing {

namespace {

constexpr std::uint64_t kib = 1024;

/// An object of ten pages and a bit.
struct bench {
    page_layout layout{10 * page_size + 100, 4 * page_size};
    fill_table table{layout};
};

} // namespace

BOOST_AUTO_TEST_SUITE(fill_tables)

BOOST_FIXTURE_TEST_CASE(a_fill_owns_a_page_until_all_of_it_is_published, bench) {
    const auto f = table.claim(2 * page_size, 5 * page_size);
    BOOST_TEST((table.claimed_by(2) == f.get()));
    BOOST_TEST((table.claimed_by(4) == f.get()));
    BOOST_TEST((table.claimed_by(1) == nullptr));
    BOOST_TEST((table.claimed_by(5) == nullptr));
    BOOST_TEST(table.next_claimed(0, 99) == 2U);
    f->published = 3 * page_size - 1;
    BOOST_TEST((table.claimed_by(2) == f.get()));
    f->published = 3 * page_size;
    BOOST_TEST((table.claimed_by(2) == nullptr));
    BOOST_TEST((table.fill_at(3 * page_size - 1) == nullptr));
    BOOST_TEST((table.fill_at(3 * page_size) == f));
    BOOST_TEST(table.next_claimed(0, 99) == 3U);
    BOOST_TEST(table.next_claimed(4, 99) == 4U);
    BOOST_TEST(table.next_claimed(5, 99) == 99U);
    table.remove(*f);
    BOOST_TEST(!table.has_fills());
    BOOST_TEST(table.next_claimed(0, 99) == 99U);
}

BOOST_FIXTURE_TEST_CASE(the_last_page_of_an_object_is_published_with_its_last_byte, bench) {
    const auto f = table.claim(10 * page_size, layout.size);
    f->published = layout.size - 1;
    BOOST_TEST((table.claimed_by(10) == f.get()));
    f->published = layout.size;
    BOOST_TEST((table.claimed_by(10) == nullptr));
}

BOOST_FIXTURE_TEST_CASE(a_page_in_which_a_fill_began_is_read_from_it_until_it_is_lost, bench) {
    const auto f = table.claim(page_size + 7, 3 * page_size);
    f->published = 3 * page_size;
    BOOST_TEST((table.fill_at(page_size + 7) == f));
    BOOST_TEST((table.fill_at(page_size + 6) == nullptr));
    BOOST_TEST((table.fill_at(2 * page_size) == nullptr));
    table.lose_beginnings(2, 9);
    BOOST_TEST((table.fill_at(page_size + 7) == f));
    table.lose_beginnings(0, 1);
    BOOST_TEST((table.fill_at(page_size + 7) == nullptr));
}

BOOST_FIXTURE_TEST_CASE(a_fill_is_cut_where_it_writes_nothing_yet, bench) {
    const auto f = table.claim(0, 8 * page_size);
    f->writing_to = 2 * page_size + 1;
    BOOST_TEST(!fill_table::can_be_split(*f, 0)); // its own beginning
    BOOST_TEST(!fill_table::can_be_split(*f, 2));
    BOOST_TEST(fill_table::can_be_split(*f, 3));
    BOOST_TEST(!fill_table::can_be_split(*f, 8)); // not its own
    const auto taken = table.split(*f, 3, 10 * page_size);
    BOOST_TEST(f->end == 3 * page_size);
    BOOST_TEST(taken->begin == 3 * page_size);
    BOOST_TEST(taken->end == 10 * page_size);
    BOOST_TEST(table.claimed_by(2) == f.get());
    BOOST_TEST(table.claimed_by(3) == taken.get());
    BOOST_TEST(table.fill_at(9 * page_size) == taken);
}

BOOST_FIXTURE_TEST_CASE(what_was_taken_over_goes_back_before_its_first_byte, bench) {
    const auto f = table.claim(0, 8 * page_size);
    const auto taken = table.split(*f, 3, 10 * page_size);
    BOOST_TEST(fill_table::give_back(*taken));
    BOOST_TEST(f->end == 8 * page_size);
    BOOST_TEST(taken->begin == 8 * page_size); // what the first never had
    BOOST_TEST(taken->end == 10 * page_size);
    BOOST_TEST(table.claimed_by(7) == f.get());
    BOOST_TEST(table.claimed_by(8) == taken.get());
    BOOST_TEST(!fill_table::give_back(*taken)); // once
}

BOOST_AUTO_TEST_CASE(it_does_not_go_back_to_a_fill_that_is_at_its_end) {
    const page_layout layout{64 * page_size, 4 * page_size};
    fill_table table{layout};
    const auto f = table.claim(0, 8 * page_size);
    const auto taken = table.split(*f, 3, 8 * page_size);
    f->published = f->end; // its connection may be closed by now
    BOOST_TEST(!fill_table::give_back(*taken));
    const auto g = table.claim(10 * page_size, 20 * page_size);
    const auto late = table.split(*g, 12, 20 * page_size);
    late->published += 1; // it has begun
    BOOST_TEST(!fill_table::give_back(*late));
    const auto h = table.claim(30 * page_size, 40 * page_size);
    const auto second = table.split(*h, 35, 40 * page_size);
    const auto third = table.split(*h, 33, 35 * page_size); // cut once more
    BOOST_TEST(!fill_table::give_back(*second));
    BOOST_TEST(fill_table::give_back(*third));
    BOOST_TEST(h->end == 35 * page_size);
}

BOOST_FIXTURE_TEST_CASE(demand_is_of_readers_near_enough_that_want_more, bench) {
    const auto f = table.claim(0, layout.size);
    f->published = 4 * page_size;
    BOOST_TEST(!table.demand_for(*f, page_size).wanted);
    reader_state near{.position = 2 * page_size, .last = layout.size - 1};
    reader_state far{.position = 0, .last = layout.size - 1};
    reader_state served{.position = 3 * page_size, .last = 4 * page_size - 1};
    for (auto* r : {&near, &far, &served}) {
        table.add(*r);
    }
    const auto d = table.demand_for(*f, page_size);
    BOOST_TEST(d.wanted);
    BOOST_TEST(d.wanted_to == 3 * page_size);
    near.window = 100; // a slow one
    BOOST_TEST(table.demand_for(*f, page_size).wanted_to == 2 * page_size + 100);
    near.window = UINT64_MAX;
    BOOST_TEST(table.has_reader_in(page_size, 2 * page_size));
    near.suspended = true;
    BOOST_TEST(!table.demand_for(*f, page_size).wanted);
    BOOST_TEST(!table.has_reader_in(page_size, 2 * page_size));
    BOOST_TEST(table.demand_for(*f, 2 * page_size).wanted);
    for (auto* r : {&near, &far, &served}) {
        table.remove(*r);
    }
    BOOST_TEST(!table.has_readers());
}

BOOST_FIXTURE_TEST_CASE(who_waits_is_woken_for_what_it_waits_for, bench) {
    asio::io_context context;
    const auto f = table.claim(0, layout.size);
    reader_state r{.position = 0, .last = layout.size - 1, .wanted = 64 * kib, .waits_for = f};
    r.wake = std::make_shared<async_event>(context.get_executor());
    r.waits = true;
    table.add(r);
    bool woken = false;
    asio::co_spawn(context, r.wake->wait(), [&woken](const std::exception_ptr&) { woken = true; });
    context.poll();
    f->published = 64 * kib - 1;
    table.wake_published(*f);
    context.poll();
    BOOST_TEST(!woken);
    table.wake_behind(*f); // however few they are
    context.restart();
    context.poll();
    BOOST_TEST(woken);
    table.remove(r);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
