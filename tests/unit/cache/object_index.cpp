// The table of objects and their purge tags, without a cache or a disk.
#include <sluice/cache/object_index.hpp>

#include <boost/test/unit_test.hpp>

#include "helpers.hpp"

namespace sluice::cache::testing {

namespace {

constexpr int many = 600; // more than one step of a change looks at

struct index_bench {
    budget room{UINT64_MAX};
    const std::unique_ptr<eviction_policy> policy{make_lru()};
    object_index index;

    std::shared_ptr<object> made(std::string name, std::string tags = "") {
        auto info = info_of(page_size, std::move(name));
        info.purge_tags = std::move(tags);
        return std::make_shared<object>(info, 4 * page_size, 1, room, *policy);
    }
    std::shared_ptr<object> found(const std::string& name) { return index.find(info_of(1).key.store, name); }
    void put_many(std::uint64_t number) {
        for (int i = 0; i < many; ++i) {
            index.put(made("o" + std::to_string(i), "/files/" + std::to_string(i)), number);
        }
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(object_indexes)

BOOST_FIXTURE_TEST_CASE(one_version_of_an_object_is_present, index_bench) {
    const auto first = made("a");
    const auto second = made("a");
    BOOST_TEST(index.put(first, 1) == nullptr);
    BOOST_TEST(index.put(second, 2) == first);
    BOOST_TEST(found("a") == second);
    BOOST_TEST(!index.remove(first));
    BOOST_TEST(index.remove(second));
    BOOST_TEST(found("a") == nullptr);
    BOOST_TEST(index.size() == 0U);
}

BOOST_FIXTURE_TEST_CASE(tags_belong_to_the_present_version, index_bench) {
    const auto first = made("a", "/files/1");
    index.put(first, 1);
    BOOST_TEST(index.add_tag(first, "/files/2"));
    BOOST_TEST(!index.add_tag(first, "/files/2"));
    index.put(made("a", "/files/3"), 1);
    BOOST_TEST(!index.add_tag(first, "/files/4"));
    std::vector<std::shared_ptr<object>> changed;
    BOOST_TEST(!index.apply({change::purged, false, "/files/2", 2}, changed).has_value());
    BOOST_TEST(changed.empty());
    BOOST_TEST(!index.apply({change::purged, false, "/files/3", 3}, changed).has_value());
    BOOST_TEST(changed.size() == 1U);
    BOOST_TEST(index.size() == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_a_running_purge_has_not_come_to_is_not_found, index_bench) {
    put_many(1);
    std::vector<std::shared_ptr<object>> changed;
    const auto rest = index.apply({change::purged, true, "/files/", 2}, changed);
    BOOST_TEST_REQUIRE(rest.has_value());
    BOOST_TEST(changed.size() < static_cast<std::size_t>(many));
    for (int i = 0; i < many; ++i) {
        BOOST_TEST_REQUIRE(found("o" + std::to_string(i)) == nullptr);
    }
    const auto later = made("later", "/files/later");
    index.put(later, 2); // was judged by that change before it came
    while (!index.resume(*rest, changed)) {
    }
    BOOST_TEST(changed.size() == static_cast<std::size_t>(many));
    BOOST_TEST(index.size() == 1U);
    BOOST_TEST(found("later") == later);
}

BOOST_FIXTURE_TEST_CASE(what_a_running_invalidation_has_not_come_to_is_found_and_marked, index_bench) {
    put_many(1);
    std::vector<std::shared_ptr<object>> changed;
    const auto rest = index.apply({change::invalidated, true, "/files/", 2}, changed);
    BOOST_TEST_REQUIRE(rest.has_value());
    for (int i = 0; i < many; ++i) {
        const auto o = found("o" + std::to_string(i));
        BOOST_TEST_REQUIRE(o != nullptr);
        BOOST_TEST_REQUIRE(o->must_revalidate());
    }
}

BOOST_FIXTURE_TEST_CASE(a_walk_gives_every_object, index_bench) {
    put_many(1);
    std::vector<std::shared_ptr<object>> all;
    object_index::position at;
    while (index.next(at, all)) {
    }
    BOOST_TEST(all.size() == static_cast<std::size_t>(many));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
