// What names an object's files: the same for ever, and different for whatever is another object.
#include <sluice/cache/key.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

namespace sluice::cache {

BOOST_AUTO_TEST_SUITE(key)

BOOST_AUTO_TEST_CASE(the_hash_of_a_key_never_changes) {
    // A change here makes every cache in the field cold: it needs a new directory version.
    const object_key k{"s3|s3.example|media", "films/a.mp4"};
    BOOST_TEST(k.hash() == "20f70b9d064972a3ce86333d3f42ccbb");
    BOOST_TEST((object_key{"", ""}).hash() == "e5189a9599e3f86205ea23ef06e28b2d");
}

BOOST_AUTO_TEST_CASE(every_part_of_the_identity_counts) {
    const std::vector<object_key> keys = {
        {"s3|s3.example|media", "a"},  {"gcs|s3.example|media", "a"}, {"s3|s4.example|media", "a"},
        {"s3|s3.example|medib", "a"},  {"s3|s3.example|media", "b"},  {"s3|s3.example|media", "A"},
        {"s3|s3.example|media", "a/"}, {"s3|s3.example|media", " a"}, {"s3|s3.example|media", std::string("a\0", 2)},
        {"s3|s3.example|media", ""},   {"", "s3|s3.example|mediaa"},
    };
    std::set<std::string> hashes;
    for (const auto& k : keys) {
        hashes.insert(k.hash());
        BOOST_TEST(k.hash().size() == 32U);
        BOOST_TEST(k.hash().find_first_not_of("0123456789abcdef") == std::string::npos);
    }
    BOOST_TEST(hashes.size() == keys.size());
}

BOOST_AUTO_TEST_CASE(a_byte_that_moves_from_store_to_name_is_another_object) {
    BOOST_TEST((object_key{"ab", "c"}).hash() != (object_key{"a", "bc"}).hash());
    BOOST_TEST((object_key{"abc", ""}).hash() != (object_key{"", "abc"}).hash());
}

BOOST_AUTO_TEST_CASE(pages_and_blocks_at_the_bounds) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, page_size - 1, page_size, page_size + 1,
                                     16 * page_size - 1, 16 * page_size, 16 * page_size + 1}) {
        BOOST_TEST_CONTEXT("size " << size) {
            const page_layout g{size, 16 * page_size};
            BOOST_TEST(g.pages() == (size + page_size - 1) / page_size);
            BOOST_TEST(g.blocks() == (g.pages() + 15) / 16);
            std::uint64_t end = 0;
            for (std::size_t page = 0; page < g.pages(); ++page) {
                BOOST_TEST(g.page_end(page) > end);
                end = g.page_end(page);
                BOOST_TEST(g.page_charge(page) % 4096 == 0U);
                BOOST_TEST(g.page_charge(page) >= end - page * page_size);
                BOOST_TEST(g.block_of_page(page) < g.blocks());
            }
            BOOST_TEST(end == size);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache
