#include <sluice/commands/cache_volume.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;

constexpr std::uint64_t gib = 1ULL << 30U;

config::cache limits(std::uint64_t max_size, std::uint64_t min_free) {
    config::cache c;
    c.directory = "/tmp/no/such/directory";
    c.max_size = max_size;
    c.min_free = min_free;
    return c;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cache_volume)

BOOST_AUTO_TEST_CASE(limits_and_the_size_of_the_volume) {
    using commands::limits_beyond_volume;
    BOOST_TEST(limits_beyond_volume(limits(10 * gib, gib), 10 * gib).empty());
    const auto size = limits_beyond_volume(limits(11 * gib, gib), 10 * gib);
    BOOST_TEST_REQUIRE(size.size() == 1U);
    BOOST_TEST(size[0] == "cache.max_size is 11GiB, but the volume of /tmp/no/such/directory has 10GiB in all: only "
                          "min_free will bound the cache");
    const auto free = limits_beyond_volume(limits(gib, 10 * gib), 10 * gib);
    BOOST_TEST_REQUIRE(free.size() == 1U);
    BOOST_TEST(free[0] == "cache.min_free is 10GiB, but the volume of /tmp/no/such/directory has 10GiB in all: nothing "
                          "will be cached");
}

BOOST_AUTO_TEST_CASE(the_volume_of_a_directory_that_is_not_there_yet) {
    using commands::limits_beyond_volume;
    BOOST_TEST(limits_beyond_volume(limits(gib, 1ULL << 60U)).size() == 1U);
    auto relative = limits(gib, 1ULL << 60U);
    relative.directory = "no-such-directory";
    BOOST_TEST(limits_beyond_volume(relative).size() == 1U);
    BOOST_TEST(limits_beyond_volume(limits(1, 0)).empty());
    BOOST_TEST(limits_beyond_volume(config::cache{}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
