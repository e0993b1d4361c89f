#include <sluice/proxy/decisions.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using proxy::decisions;

struct fixture {
    decisions kept{4};
    steady_clock::time_point now{steady_clock::now()};

    std::shared_ptr<const proxy::grant> made = std::make_shared<const proxy::grant>();

    void keep(const std::string& name, std::chrono::milliseconds ttl = 10s) {
        kept.keep(kept.key_of(name), made, now + ttl, now, kept.era());
    }
    bool has(const std::string& name) { return kept.find(kept.key_of(name), now) != nullptr; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(decisions_kept, fixture)

BOOST_AUTO_TEST_CASE(kept_until_their_time_is_over) {
    keep("a");
    BOOST_TEST(has("a"));
    BOOST_TEST(!has("b"));
    BOOST_TEST(kept.find(kept.key_of("a"), now + 9999ms) == made);
    BOOST_TEST(kept.find(kept.key_of("a"), now + 10s) == nullptr);
}

BOOST_AUTO_TEST_CASE(keys_are_of_this_process_and_differ) {
    decisions other;
    BOOST_TEST(kept.key_of("a") != kept.key_of("b"));
    BOOST_TEST(kept.key_of("a") != other.key_of("a"));
    BOOST_TEST(kept.key_of("a") == kept.key_of("a"));
    BOOST_TEST(kept.key_of("a").size() == 32U);
}

BOOST_AUTO_TEST_CASE(bounded_the_oldest_goes_first) {
    for (const auto* name : {"a", "b", "c", "d", "e"}) {
        keep(name);
    }
    BOOST_TEST(!has("a"));
    for (const auto* name : {"b", "c", "d", "e"}) {
        BOOST_TEST(has(name), name);
    }
}

BOOST_AUTO_TEST_CASE(renewed_where_it_stands) {
    keep("a", 1s);
    keep("a", 20s);
    now += 5s;
    BOOST_TEST(has("a"));
}

BOOST_AUTO_TEST_CASE(what_is_over_makes_room) {
    keep("a", 1s);
    keep("b", 1s);
    now += 2s;
    keep("c");
    keep("d");
    keep("e");
    keep("f"); // the four: a and b were over
    for (const auto* name : {"c", "d", "e", "f"}) {
        BOOST_TEST(has(name), name);
    }
}

BOOST_AUTO_TEST_CASE(a_deletion_drops_all_when_it_begins_and_when_it_ends) {
    keep("before");
    const auto era_before = kept.era();
    std::optional<decisions::deletion> running(std::in_place, kept);
    BOOST_TEST(!has("before"));
    // Asked before it began, answered while it runs; asked and answered while it runs.
    kept.keep(kept.key_of("overlapping"), made, now + 10s, now, era_before);
    keep("during");
    BOOST_TEST(!has("overlapping"));
    BOOST_TEST(!has("during"));
    const auto era_during = kept.era();
    running.reset();
    kept.keep(kept.key_of("late"), made, now + 10s, now, era_during); // asked while it ran, answered after
    BOOST_TEST(!has("late"));
    keep("after");
    BOOST_TEST(has("after"));
}

BOOST_AUTO_TEST_CASE(of_several_deletions_the_last_one_counts) {
    std::optional<decisions::deletion> first(std::in_place, kept);
    std::optional<decisions::deletion> second(std::in_place, kept);
    first.reset();
    keep("a");
    BOOST_TEST(!has("a"));
    second.reset();
    keep("a");
    BOOST_TEST(has("a"));
}

BOOST_AUTO_TEST_SUITE_END()
