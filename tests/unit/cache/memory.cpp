// What objects and their blocks take of memory: it follows what is held. With SLUICE_MEMORY_BLOCKS=1000000 in the
// environment it is measured with so many.
#include <boost/test/unit_test.hpp>

#include "disk.hpp"
#include <malloc.h>

#include <cstdio>
#include <cstdlib>

namespace sluice::cache::testing {

namespace {

/// Bytes that are allocated now, with what the allocator itself takes for each. 0 under sanitizers.
std::uint64_t allocated() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

std::uint64_t blocks_to_measure() {
    const char* given = std::getenv("SLUICE_MEMORY_BLOCKS");
    return given != nullptr ? std::stoull(given) : 50000;
}

/// What a held block takes where `together` blocks are whole, then one is missing.
double bytes_a_block(std::uint64_t blocks, std::uint64_t together) {
    budget room(UINT64_MAX);
    const object_info info = info_of(blocks * 2 * mib);
    const std::uint64_t before = allocated();
    const auto policy = make_lru();
    object o(info, mib, 1, room, *policy);
    {
        // As a restart finds them: without a fill each.
        metadata m;
        for (std::uint64_t block = 0; block < blocks; ++block) {
            for (std::uint64_t page = 0; page < 16; ++page) {
                m.add((block + block / together) * 16 + page, page);
            }
        }
        room.charge(1);
        o.load_pages(m, 1, 0);
    }
    const std::uint64_t after = allocated();
    BOOST_TEST(o.blocks_held() == blocks);
    return static_cast<double>(after - before) / static_cast<double>(blocks);
}

} // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(a_held_block_takes_no_more_than_256_bytes) {
    const auto blocks = blocks_to_measure();
    for (const std::uint64_t together : {1U, 2U, 1000U}) {
        const double each = bytes_a_block(blocks, together);
        std::printf("%lu blocks, %lu together: %.1f bytes each\n", static_cast<unsigned long>(blocks),
                    static_cast<unsigned long>(together), each);
        BOOST_TEST(each <= 256);
    }
}

BOOST_AUTO_TEST_CASE(a_claim_of_5_tebibytes_takes_what_its_object_takes) {
    budget room(UINT64_MAX);
    const object_info info = info_of(std::uint64_t{5} << 40U);
    const std::uint64_t before = allocated();
    const auto policy = make_lru();
    object o(info, mib, 1, room, *policy);
    const auto f = o.claim(0, info.size - 1, whole_pages);
    BOOST_TEST(f->end == info.size);
    BOOST_TEST(allocated() - before + sizeof(object) <= 1024U);
    std::printf("an object of 5 TiB with a claim of all of it: %lu bytes\n",
                static_cast<unsigned long>(allocated() - before + sizeof(object)));
}

BOOST_AUTO_TEST_CASE(an_object_in_the_table_takes_no_more_than_a_kibibyte) {
    constexpr int objects = 500;
    disk_bench b;
    b.start();
    const auto make = [&b](int i) {
        object_info info = versioned("lectures/analysis-1/week-07/recording-" + std::to_string(i) + ".mp4", mib, 1);
        info.key.store = "s3|https://s3.example|keyed|" + std::string(64, 'f') + "|media";
        info.version.value = "\"0123456789abcdef0123456789abcdef-12\"";
        info.purge_tags = "/api/v1/files/01234567-89ab-cdef-0123-" + std::to_string(100000000000 + i);
        BOOST_REQUIRE(b.create(info));
    };
    make(0); // what is made once is made
    b.drain_writes();
    const std::uint64_t before = allocated();
    for (int i = 1; i <= objects; ++i) {
        make(i);
    }
    b.drain_writes();
    const std::uint64_t each = (allocated() - before) / objects;
    std::printf("an object with its names in the tables, and its file open: %lu bytes\n",
                static_cast<unsigned long>(each));
    BOOST_TEST(each <= 1024U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
