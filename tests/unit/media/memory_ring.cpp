#include <sluice/media/memory_ring.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

using namespace sluice;
using namespace sluice::media;

namespace {

constexpr std::uint64_t piece = memory_piece;
/// One past the last byte of a transfer that no test comes to the end of.
constexpr std::uint64_t large = 1ULL << 40U;

/// The byte at that offset.
constexpr char byte_at(std::uint64_t offset) {
    return static_cast<char>((offset * 2654435761U) >> 7U);
}

/// Writes up to `n` bytes; how many there was room for.
std::size_t write(memory_ring& r, std::size_t n, std::uint64_t capacity, std::uint64_t needed_from) {
    const auto room = r.room(capacity, needed_from);
    const std::size_t fits = std::min(n, room.size());
    for (std::size_t i = 0; i < fits; ++i) {
        room[i] = byte_at(r.end() + i);
    }
    if (fits > 0) {
        r.commit(fits);
    }
    return fits;
}

bool is_right(const memory_ring& r, std::uint64_t position) {
    const auto v = r.at(position);
    for (std::size_t i = 0; i < v.bytes.size(); ++i) {
        if (v.bytes[i] != byte_at(position + i)) {
            return false;
        }
    }
    return !v.bytes.empty();
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_memory_ring)

BOOST_AUTO_TEST_CASE(has_its_least_from_the_beginning) {
    cache::budget memory(min_ring + piece);
    auto r = memory_ring::make(memory, 1000, large);
    BOOST_REQUIRE(r);
    BOOST_TEST(memory.used() == min_ring);
    BOOST_TEST(r->begin() == 1000U);
    BOOST_TEST(r->end() == 1000U);
    BOOST_TEST(!memory_ring::make(memory, 0, large));
    BOOST_TEST(memory.used() == min_ring);
    auto moved = std::move(*r);
    r.reset();
    BOOST_TEST(memory.used() == min_ring);
    BOOST_TEST(write(moved, 10, max_ring, 1000) == 10U);
    BOOST_TEST(is_right(moved, 1009));
    BOOST_TEST(memory.used() == min_ring);
}

BOOST_AUTO_TEST_CASE(what_is_small_is_charged_by_its_size) {
    for (const std::uint64_t size : {std::uint64_t{1}, piece - 1, piece, piece + 1, 2 * piece, min_ring - 1}) {
        for (const std::uint64_t begin : {std::uint64_t{0}, std::uint64_t{777}}) {
            cache::budget memory(size);
            {
                auto r = memory_ring::make(memory, begin, begin + size);
                BOOST_REQUIRE(r);
                BOOST_TEST(memory.used() == size);
                while (r->end() < begin + size) {
                    BOOST_REQUIRE(write(*r, 10000, max_ring, begin) > 0U);
                }
                BOOST_TEST(memory.used() == size);
                BOOST_TEST(is_right(*r, begin));
                BOOST_TEST(is_right(*r, begin + size - 1));
            }
            BOOST_TEST(memory.used() == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(grows_to_its_capacity_and_what_the_budget_has) {
    cache::budget memory(10 * piece); // 7 of them to grow into
    {
        auto r = memory_ring::make(memory, 5, large);
        BOOST_REQUIRE(r);
        std::uint64_t written = 0;
        while (const auto n = write(*r, piece, 6 * piece, 5)) {
            written += n;
        }
        BOOST_TEST(written == 6 * piece); // nobody has read a byte of the first one
        BOOST_TEST(memory.used() == 6 * piece);
        BOOST_TEST(write(*r, piece, 100 * piece, 5) == piece);
        BOOST_TEST(write(*r, piece, 100 * piece, 5) == 0U); // the rest is left to others
        BOOST_TEST(r->begin() == 5U);
        // The first piece goes once it is not needed, and only then.
        BOOST_TEST(write(*r, 1, 100 * piece, 5 + piece - 1) == 0U);
        BOOST_TEST(write(*r, 1, 100 * piece, 5 + piece) == 1U);
        BOOST_TEST(r->begin() == 5 + piece);
        BOOST_TEST(is_right(*r, 5 + piece));
        BOOST_TEST(is_right(*r, 5 + 7 * piece));
    }
    BOOST_TEST(memory.used() == 0U);
}

BOOST_AUTO_TEST_CASE(gives_back_what_a_smaller_share_has_no_place_for) {
    cache::budget memory(100 * piece);
    auto r = memory_ring::make(memory, 0, large);
    BOOST_REQUIRE(r);
    while (write(*r, piece, 16 * piece, 0) > 0) {
    }
    BOOST_TEST(memory.used() == 16 * piece);
    BOOST_TEST(write(*r, piece, 6 * piece, 3 * piece) == 0U); // what is needed stays
    BOOST_TEST(memory.used() == 13 * piece);
    BOOST_TEST(write(*r, piece, 6 * piece, 16 * piece) == piece);
    BOOST_TEST(memory.used() == 6 * piece);
    BOOST_TEST(r->end() - r->begin() == 6 * piece);
    BOOST_TEST(write(*r, piece, 0, UINT64_MAX) == piece);
    BOOST_TEST(memory.used() == min_ring);
}

BOOST_AUTO_TEST_CASE(a_piece_that_is_being_sent_is_not_written_to) {
    cache::budget memory(min_ring);
    auto r = memory_ring::make(memory, 0, large);
    BOOST_REQUIRE(r);
    while (write(*r, piece, min_ring, 0) > 0) {
    }
    const auto sent = r->at(100);
    BOOST_TEST(write(*r, piece, min_ring, piece) == piece);
    BOOST_TEST(r->begin() == piece);
    BOOST_TEST(std::ranges::equal(sent.bytes.substr(0, 3), std::string{byte_at(100), byte_at(101), byte_at(102)}));
    BOOST_TEST(sent.bytes.back() == byte_at(piece - 1));
}

BOOST_AUTO_TEST_CASE(at_random) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&random](std::uint64_t n) {
        return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
    };
    cache::budget memory(24 * piece);
    for (int round = 0; round < 20; ++round) {
        const std::uint64_t begin = below(3 * piece);
        const std::uint64_t bound = begin + 1 + below(below(2) == 0 ? 6 * piece : large);
        auto r = memory_ring::make(memory, begin, bound);
        BOOST_REQUIRE(r);
        std::uint64_t needed = begin;
        for (int i = 0; i < 300 && r->end() < bound; ++i) {
            const std::uint64_t capacity = below(30 * piece);
            const auto n = write(*r, below(piece) + 1, capacity, needed);
            BOOST_REQUIRE(r->begin() <= std::max(needed, begin));
            BOOST_REQUIRE(r->end() - r->begin() <= memory.used());
            BOOST_REQUIRE(memory.used() <= memory.limit());
            if (needed < r->end()) {
                BOOST_REQUIRE(is_right(*r, needed));
                BOOST_REQUIRE(is_right(*r, r->begin() + below(r->end() - r->begin())));
            }
            if (n == 0 || below(2) == 0) {
                needed += below(r->end() - needed + 1);
            }
        }
    }
    BOOST_TEST(memory.used() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
