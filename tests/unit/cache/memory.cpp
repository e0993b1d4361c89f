// What objects and their blocks take of memory: it follows what is held. With SLUICE_MEMORY_BLOCKS=1000000 in the
// environment it is measured with so many.
#include <boost/test/unit_test.hpp>

#include "helpers.hpp"
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
    object o(info, mib, "name", room);
    {
        // As a restart finds them: without a transfer each.
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
    object o(info, mib, "0123456789abcdef0123456789abcdef-0123456789abcdef", room);
    const auto f = o.claim(0, info.size - 1, whole_pages);
    BOOST_TEST(f->end == info.size);
    BOOST_TEST(allocated() - before + sizeof(object) <= 1024U);
    std::printf("an object of 5 TiB with a claim of all of it: %lu bytes\n",
                static_cast<unsigned long>(allocated() - before + sizeof(object)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
