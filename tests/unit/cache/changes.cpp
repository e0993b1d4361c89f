// Purges and invalidations: what they reach, what they leave alone, and what is bounded.
#include <sluice/cache/recent_changes.hpp>

#include <boost/test/unit_test.hpp>

#include "disk.hpp"

namespace sluice::cache::testing {

namespace {

using std::chrono::minutes;

struct cache_bench : disk_bench {
    cache_bench() { start(); }
    const std::string store = info_of(1).key.store;

    /// A new object with the app's names for it, a line each.
    std::shared_ptr<object> made(const std::string& name, std::string links = {}) {
        return made_after(cache->changes(), name, std::move(links)).value();
    }
    result<std::shared_ptr<object>> made_after(std::uint64_t seen, const std::string& name, std::string links = {}) {
        auto info = versioned(name, 3 * page_size, 1);
        info.purge_tags = std::move(links);
        return run(cache->create(info, seen));
    }
    std::shared_ptr<object> find(const std::string& name) const { return cache->find(store, name); }
};

std::string numbered(const char* name, std::size_t n) {
    return name + std::to_string(n);
}

} // namespace

BOOST_AUTO_TEST_SUITE(changes)

BOOST_FIXTURE_TEST_CASE(a_purge_by_a_name_takes_what_has_exactly_that_name, cache_bench) {
    made("a", "/files/1");
    made("b", "/files/1/content\n/other");
    made("c", "/files/1\n/files/2");
    made("d");
    BOOST_TEST(cache->purge_tagged("/files/1") == 2U);
    BOOST_TEST(!find("a"));
    BOOST_TEST(!find("c"));
    BOOST_TEST(find("b") != nullptr);
    BOOST_TEST(find("d") != nullptr);
    BOOST_TEST(cache->purge_tagged("/files/2") == 0U);
    BOOST_TEST(cache->purge_tagged("/nothing") == 0U);
    drain_writes();
    BOOST_TEST(directory.names(".data").size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(tells_whether_an_object_changed_since, cache_bench) {
    const auto before = cache->changes();
    const auto changed = [&](std::uint64_t since, const char* name, const char* tag = "") {
        return cache->has_changed_since(since, store, name, tag);
    };
    BOOST_TEST(!changed(before, "a"));
    cache->purge(store, "a"); // that there is none makes no difference
    cache->invalidate(store, "b");
    cache->purge_tagged_with_prefix("/files/");
    BOOST_TEST(changed(before, "a"));
    BOOST_TEST(changed(before, "b"));
    BOOST_TEST(!changed(before, "c"));
    BOOST_TEST(changed(before, "c", "/files/1"));
    BOOST_TEST(!changed(before, "c", "/other"));
    BOOST_TEST(!changed(cache->changes(), "a"));
    BOOST_TEST(!changed(before + 1, "a"));
    BOOST_TEST(changed(before + 1, "b"));
}

BOOST_FIXTURE_TEST_CASE(a_purge_by_a_prefix_takes_all_below_it, cache_bench) {
    made("a", "/files/1");
    made("b", "/files/2\n/files/3");
    made("c", "/filed");
    made("d", "/files");
    BOOST_TEST(cache->purge_tagged_with_prefix("/files/") == 2U);
    BOOST_TEST(!find("a"));
    BOOST_TEST(!find("b"));
    BOOST_TEST(find("c") != nullptr);
    BOOST_TEST(find("d") != nullptr);
}

BOOST_FIXTURE_TEST_CASE(names_that_are_learnt_later_count_and_those_of_retired_objects_do_not, cache_bench) {
    const auto o = made("a");
    cache->add_purge_tag(o, "/files/1", cache->changes());
    cache->add_purge_tag(o, "/files/1", cache->changes());
    cache->add_purge_tag(o, "two\nlines", cache->changes());
    const auto newer = made("a", "/files/2");
    cache->add_purge_tag(o, "/files/3", cache->changes()); // is in no table any more
    BOOST_TEST(cache->purge_tagged("/files/1") == 0U);
    BOOST_TEST(cache->purge_tagged("/files/3") == 0U);
    BOOST_TEST((find("a") == newer));
    BOOST_TEST(cache->purge_tagged("/files/2") == 1U);
}

BOOST_FIXTURE_TEST_CASE(names_are_known_after_a_restart, cache_bench) {
    made("a", "/files/1\n/files/2");
    made("b", "/files/3");
    restart();
    BOOST_TEST(cache->purge_tagged("/files/2") == 1U);
    BOOST_TEST(cache->purge_tagged_with_prefix("/f") == 1U);
    BOOST_TEST(cache->object_count() == 0U);
}

BOOST_FIXTURE_TEST_CASE(very_many_are_gone_at_once_though_the_work_goes_on_behind, cache_bench) {
    constexpr std::size_t many = 700;
    for (std::size_t i = 0; i < many; ++i) {
        made(numbered("object ", i), "/all\n/files/" + std::to_string(i));
    }
    const auto kept = made("kept", "/filed/1");
    // The pool has something else to do, so that nothing of it happens behind our back.
    std::latch go_on(1);
    for (unsigned i = 0; i < write_threads; ++i) {
        writes->post([&go_on] { go_on.wait(); });
    }
    const std::size_t at_once = cache->purge_tagged_with_prefix("/files/");
    BOOST_TEST(at_once > 0U);
    BOOST_TEST(at_once < many);
    std::size_t found = 0;
    for (std::size_t i = 0; i < many; ++i) {
        found += find(numbered("object ", i)) ? 1 : 0;
    }
    BOOST_TEST(found == 0U);
    BOOST_TEST((find("kept") == kept));
    go_on.count_down();
    for (int i = 0; i < 8; ++i) {
        drain_writes();
    }
    BOOST_TEST(cache->object_count() == 1U);
    BOOST_TEST(directory.names(".data").size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_comes_while_a_long_purge_goes_on_is_not_taken_by_it, cache_bench) {
    for (std::size_t i = 0; i < 300; ++i) {
        made(numbered("object ", i), "/files/" + std::to_string(i));
    }
    std::latch go_on(1);
    writes->post([&go_on] { go_on.wait(); }); // one of two threads
    cache->purge_tagged_with_prefix("/files/");
    const auto again = made("object 299", "/files/299");
    BOOST_TEST((find("object 299") == again));
    go_on.count_down();
    drain_writes();
    drain_writes();
    BOOST_TEST((find("object 299") == again));
    BOOST_TEST(cache->object_count() == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_is_invalidated_stays_and_is_revalidated_once, cache_bench) {
    const auto o = made("a", "/files/1");
    BOOST_TEST(!o->must_revalidate());
    const auto checked = o->checked();
    BOOST_TEST(cache->invalidate(store, "a"));
    BOOST_TEST(!cache->invalidate(store, "b"));
    BOOST_TEST(cache->invalidate_tagged("/files/1") == 0U); // known already, and one check settles both
    BOOST_TEST((find("a") == o));
    BOOST_TEST(o->must_revalidate());
    BOOST_TEST((o->checked() == checked)); // its age counts from when it was checked
    o->confirm_version(o->marked());
    BOOST_TEST(!o->must_revalidate()); // both marks at once
}

BOOST_FIXTURE_TEST_CASE(a_question_that_was_asked_before_settles_nothing, cache_bench) {
    const auto o = made("a");
    const auto asked = o->marked();
    cache->invalidate(store, "a");
    o->confirm_version(asked);
    BOOST_TEST(o->must_revalidate());
    const auto asked_again = o->marked();
    cache->invalidate(store, "a");
    o->confirm_version(asked_again);
    BOOST_TEST(o->must_revalidate());
}

BOOST_FIXTURE_TEST_CASE(a_mark_outlives_the_process_and_so_does_its_end, cache_bench) {
    made("a");
    made("b");
    cache->invalidate(store, "a");
    restart();
    BOOST_REQUIRE(find("a"));
    BOOST_TEST(find("a")->must_revalidate());
    BOOST_TEST(!find("b")->must_revalidate());
    find("a")->confirm_version(find("a")->marked());
    restart();
    BOOST_TEST(!find("a")->must_revalidate());
}

BOOST_FIXTURE_TEST_CASE(a_mark_is_on_the_disk_before_the_next_round_of_maintenance, cache_bench) {
    made("a");
    cache->invalidate(store, "a");
    drain_writes();
    BOOST_TEST(directory.names(".meta").size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(only_a_purge_of_the_same_thing_keeps_an_object_from_being_made, cache_bench) {
    const auto seen = cache->changes();
    cache->purge(store, "another");
    cache->purge("another store", "a");
    cache->purge_tagged("/files/2");
    cache->purge_tagged_with_prefix("/files/1/");
    BOOST_TEST((cache->changes() != seen));
    BOOST_TEST(made_after(seen, "a", "/files/1").has_value());
    cache->purge(store, "a");
    const auto refused = made_after(seen, "a", "/files/1");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::purged));
    BOOST_TEST(made_after(cache->changes(), "a", "/files/1").has_value());
    cache->purge_tagged("/files/1");
    BOOST_TEST(!made_after(seen, "b", "/files/0\n/files/1"));
    BOOST_TEST(!made_after(seen, "b", "/files/1/x"));
    BOOST_TEST(made_after(seen, "b", "/files/0").has_value());
    drain_writes();
    BOOST_TEST(cache->object_count() == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_was_invalidated_while_it_was_made_must_be_revalidated, cache_bench) {
    const auto seen = cache->changes();
    cache->invalidate(store, "a");
    cache->invalidate_tagged("/files/1");
    BOOST_TEST(made_after(seen, "a").value()->must_revalidate());
    BOOST_TEST(made_after(seen, "b", "/files/1").value()->must_revalidate());
    BOOST_TEST(!made_after(seen, "c", "/files/2").value()->must_revalidate());
    BOOST_TEST(!made_after(cache->changes(), "a").value()->must_revalidate());
}

BOOST_FIXTURE_TEST_CASE(a_name_that_was_purged_while_leave_was_asked_by_it_purges_what_gets_it, cache_bench) {
    const auto seen = cache->changes();
    const auto o = made("a");
    const auto p = made("b");
    cache->purge_tagged("/files/1");
    cache->invalidate_tagged("/files/2");
    cache->add_purge_tag(o, "/files/1", seen);
    cache->add_purge_tag(p, "/files/2", seen);
    BOOST_TEST(!find("a"));
    BOOST_REQUIRE(find("b"));
    BOOST_TEST(find("b")->must_revalidate());
}

BOOST_FIXTURE_TEST_CASE(another_version_of_the_apps_has_an_object_revalidated_once, cache_bench) {
    const auto o = made("a");
    cache->expect_version(*o, 0); // it does not say
    BOOST_TEST(!o->must_revalidate());
    cache->expect_version(*o, 7); // not known, as after a restart
    BOOST_TEST(o->must_revalidate());
    o->confirm_version(o->marked());
    cache->expect_version(*o, 7);
    BOOST_TEST(!o->must_revalidate());
    cache->expect_version(*o, 8);
    BOOST_TEST(o->must_revalidate());
    const auto asked = o->marked();
    cache->expect_version(*o, 9); // while the origin is asked
    o->confirm_version(asked);
    BOOST_TEST(o->must_revalidate());
    o->confirm_version(o->marked());
    cache->expect_version(*o, 8); // even where it was one before
    BOOST_TEST(o->must_revalidate());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(recent_change_table)

BOOST_AUTO_TEST_CASE(the_gravest_change_after_what_was_seen_is_given) {
    recent_changes t;
    const auto now = steady_clock::now();
    t.add(recent_changes::id_of("s", "a"), change::purged, 2, now);
    t.add(recent_changes::id_of("s", "a"), change::invalidated, 3, now);
    t.add(recent_changes::id_of("/x"), change::invalidated, 4, now);
    t.add_prefix("/p/", change::purged, 5);
    BOOST_TEST((t.since(1, "s", "a", "") == change::purged));
    BOOST_TEST((t.since(2, "s", "a", "") == change::invalidated));
    BOOST_TEST((t.since(3, "s", "a", "") == change::none));
    BOOST_TEST((t.since(3, "s", "a", "/y\n/x") == change::invalidated));
    BOOST_TEST((t.since(3, "s", "a", "/x\n/p/1") == change::purged));
    BOOST_TEST((t.since(5, "s", "a", "/x\n/p/1") == change::none));
    BOOST_TEST((t.since(1, "a", "s", "") == change::none));
    BOOST_TEST((t.since(1, "", "/x", "") == change::none)); // an object of that key is not the app's name
}

BOOST_AUTO_TEST_CASE(it_is_bounded_and_who_saw_what_is_dropped_is_told_that_all_changed) {
    recent_changes t;
    const auto now = steady_clock::now();
    std::uint64_t number = 1;
    for (std::size_t i = 0; i < recent_changes::max_entries + 10; ++i) {
        t.add(recent_changes::id_of("s", numbered("", i)), i < 5 ? change::purged : change::invalidated, ++number, now);
    }
    BOOST_TEST(t.size() == recent_changes::max_entries);
    BOOST_TEST((t.since(5, "s", "never changed", "") == change::purged)); // the numbers 2 to 11 are forgotten
    BOOST_TEST((t.since(6, "s", "never changed", "") == change::invalidated));
    BOOST_TEST((t.since(11, "s", "never changed", "") == change::none));
    // One thing that changes again and again is one entry.
    for (int i = 0; i < 20000; ++i) {
        t.add(recent_changes::id_of("s", "often"), change::purged, ++number, now);
    }
    BOOST_TEST((t.since(12, "s", "never changed", "") == change::none));
    for (std::size_t i = 0; i < 10000; ++i) {
        t.add_prefix(numbered("/", i), change::purged, ++number);
    }
    BOOST_TEST((t.since(number - recent_changes::max_prefixes, "s", "x", "y") == change::none));
    BOOST_TEST((t.since(number - recent_changes::max_prefixes - 1, "s", "x", "y") == change::purged));
}

BOOST_AUTO_TEST_CASE(old_changes_are_dropped_but_while_they_are_kept_for_what_is_loaded) {
    recent_changes t;
    const auto now = steady_clock::now();
    t.keep_old(true);
    t.add(recent_changes::id_of("s", "a"), change::purged, 2, now);
    t.add(recent_changes::id_of("s", "b"), change::purged, 3, now + minutes(60));
    BOOST_TEST((t.since(1, "s", "a", "") == change::purged));
    BOOST_TEST((t.since(1, "s", "c", "") == change::none));
    t.keep_old(false);
    t.add(recent_changes::id_of("s", "b"), change::purged, 4, now + minutes(60));
    BOOST_TEST(t.size() == 1U);
    BOOST_TEST((t.since(1, "s", "c", "") == change::purged));
    BOOST_TEST((t.since(2, "s", "c", "") == change::none));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
