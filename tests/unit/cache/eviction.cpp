// The order in which things are evicted, without any of them.
#include <sluice/cache/eviction.hpp>

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

namespace sluice::cache::testing {

namespace {

/// The blocks of `candidates` as `p` ranks them, the first `count`.
std::string order(const eviction_policy& p, std::vector<eviction_candidate> candidates, std::size_t count) {
    p.rank(candidates, count);
    std::string blocks;
    for (std::size_t i = 0; i < count; ++i) {
        blocks += std::to_string(candidates[i].block);
    }
    return blocks;
}
std::string order(const eviction_policy& p, const std::vector<eviction_candidate>& candidates) {
    return order(p, candidates, candidates.size());
}

eviction_candidate used_now(eviction_policy& p, std::size_t block) {
    eviction_candidate c;
    c.block = block;
    p.touch(c.last_use);
    return c;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lru_policy)

BOOST_AUTO_TEST_CASE(the_least_recently_used_goes_first) {
    const auto p = make_lru();
    std::vector<eviction_candidate> all;
    for (const std::size_t block : {3U, 1U, 2U}) {
        all.push_back(used_now(*p, block));
        p->fill_begins();
    }
    BOOST_TEST(order(*p, all) == "312");
    p->touch(all[0].last_use);
    BOOST_TEST(order(*p, all) == "123");
}

BOOST_AUTO_TEST_CASE(what_is_used_between_two_fills_is_equally_recent_and_goes_from_the_front) {
    const auto p = make_lru();
    const std::vector<eviction_candidate> all{used_now(*p, 2), used_now(*p, 0), used_now(*p, 1)};
    BOOST_TEST(order(*p, all) == "012");
}

BOOST_AUTO_TEST_CASE(what_a_reader_comes_to_goes_after_all_else_the_furthest_first) {
    const auto p = make_lru();
    std::vector<eviction_candidate> all{used_now(*p, 1), used_now(*p, 2), used_now(*p, 3)};
    all[0].reader_distance = 1;
    all[1].reader_distance = 7;
    for (int i = 0; i < 5; ++i) {
        p->fill_begins();
    }
    all.push_back(used_now(*p, 4)); // fresher than all of them, but wanted by nobody
    BOOST_TEST(order(*p, all) == "3421");
}

BOOST_AUTO_TEST_CASE(what_is_in_use_goes_last_of_all) {
    const auto p = make_lru();
    std::vector<eviction_candidate> all{used_now(*p, 1), used_now(*p, 2), used_now(*p, 3)};
    p->fill_begins();
    p->touch(all[1].last_use);
    all[0].in_use = true;
    all[1].reader_distance = 1;
    BOOST_TEST(order(*p, all) == "321");
}

BOOST_AUTO_TEST_CASE(only_as_many_are_put_in_order_as_are_asked_for) {
    const auto p = make_lru();
    std::vector<eviction_candidate> all;
    for (std::size_t block = 0; block < 9; ++block) {
        all.push_back(used_now(*p, 8 - block));
        p->fill_begins();
    }
    BOOST_TEST(order(*p, all, 3) == "876");
    BOOST_TEST(order(*p, all, 0).empty());
    BOOST_TEST(order(*p, {}).empty());
}

BOOST_AUTO_TEST_CASE(the_clock_may_wrap) {
    const auto p = make_lru(UINT32_MAX - 1);
    std::vector<eviction_candidate> all;
    for (std::size_t block = 0; block < 4; ++block) { // at 2^32 - 2, 2^32 - 1, 0 and 1
        all.push_back(used_now(*p, block));
        p->fill_begins();
    }
    BOOST_TEST(order(*p, all) == "0123");
}

BOOST_AUTO_TEST_CASE(any_ranking_holds_all_candidates_in_the_order_of_the_rules) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    const auto p = make_lru();
    std::vector<eviction_candidate> all;
    for (std::size_t i = 0; i < 500; ++i) {
        auto c = used_now(*p, random() % 50);
        c.owner = i;
        c.reader_distance = random() % 3 == 0 ? static_cast<std::uint32_t>(random() % 5) : 0;
        c.in_use = random() % 4 == 0;
        all.push_back(c);
        if (random() % 3 == 0) {
            p->fill_begins();
        }
    }
    p->rank(all, all.size());
    std::vector<bool> seen(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        BOOST_TEST_REQUIRE(!seen[all[i].owner]);
        seen[all[i].owner] = true;
        if (i == 0) {
            continue;
        }
        const auto& before = all[i - 1];
        const auto& c = all[i];
        if (before.in_use != c.in_use) {
            BOOST_TEST_REQUIRE(c.in_use);
        } else if (before.reader_distance != c.reader_distance) {
            BOOST_TEST_REQUIRE((before.reader_distance == 0 ||
                                (c.reader_distance != 0 && before.reader_distance > c.reader_distance)));
        } else if (before.last_use.value != c.last_use.value) {
            BOOST_TEST_REQUIRE(before.last_use.value < c.last_use.value);
        } else {
            BOOST_TEST_REQUIRE(before.block <= c.block);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
