#include <sluice/cache/sequential_reads.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::cache;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr steady_clock::time_point start{1h};
constexpr ahead_limits limits{16 * MiB, MiB, 50ms};

sequence after(unsigned requests, std::uint64_t bytes, std::uint64_t length) {
    return {bytes, bytes, length, 0, requests, start, start};
}

} // namespace

BOOST_AUTO_TEST_SUITE(cache_sequential_reads)

BOOST_AUTO_TEST_CASE(requests_that_follow_each_other_are_one_sequence) {
    sequential_reads reads;
    BOOST_TEST(!reads.preceding(0).has_value());
    reads.sent(0, 99, start, start + 1s);
    reads.sent(100, 199, start + 2s, start + 3s);
    const auto found = reads.preceding(200).value();
    BOOST_TEST(found.requests == 2U);
    BOOST_TEST(found.bytes == 200U);
    BOOST_TEST(found.last_length == 100U);
    BOOST_TEST(found.skipped == 0U);
    BOOST_TEST((found.began == start));
    BOOST_TEST((found.latest == start + 3s));
    BOOST_TEST(!reads.preceding(199).has_value()); // it goes back
    BOOST_TEST(reads.preceding(200 + sequential_reads::max_gap).has_value());
    BOOST_TEST(!reads.preceding(201 + sequential_reads::max_gap).has_value());
}

BOOST_AUTO_TEST_CASE(several_sequences_go_on_beside_each_other) {
    sequential_reads reads;
    for (std::uint64_t round = 0; round < 3; ++round) {
        for (std::uint64_t i = 0; i < 8; ++i) {
            const auto first = i * 100 * MiB + round * 1000;
            reads.sent(first, first + 999, start, start + round * 1s);
        }
    }
    for (std::uint64_t i = 0; i < 8; ++i) {
        BOOST_TEST(reads.preceding(i * 100 * MiB + 3000).value().requests == 3U);
    }
}

BOOST_AUTO_TEST_CASE(the_oldest_makes_way) {
    sequential_reads reads;
    for (std::uint64_t i = 0; i <= sequential_reads::max_sequences; ++i) {
        reads.sent(i * 100 * MiB, i * 100 * MiB, start, start + i * 1s);
    }
    BOOST_TEST(!reads.preceding(1).has_value());
    for (std::uint64_t i = 1; i <= sequential_reads::max_sequences; ++i) {
        BOOST_TEST(reads.preceding(i * 100 * MiB + 1).has_value());
    }
}

BOOST_AUTO_TEST_CASE(the_first_two_are_exact) {
    BOOST_TEST(read_to({}, 10, 19, start, limits) == 20U);
    BOOST_TEST(read_to(after(1, 1000, 1000), 1000, 1999, start, limits) == 2000U);
}

BOOST_AUTO_TEST_CASE(then_to_the_end_of_the_block) {
    BOOST_TEST(read_to(after(8, 512 * KiB, 64 * KiB), 512 * KiB, 576 * KiB - 1, start + 1min, limits) == MiB);
    // Where no more than the next request lies in it, to that of the next block.
    BOOST_TEST(read_to(after(15, 960 * KiB, 64 * KiB), 960 * KiB, MiB - 1, start + 1h, limits) == 2 * MiB);
}

BOOST_AUTO_TEST_CASE(of_what_has_only_begun_no_more_than_was_sent) {
    BOOST_TEST(read_to(after(2, 128 * KiB, 64 * KiB), 128 * KiB, 192 * KiB - 1, start + 1min, limits) == 256 * KiB);
    BOOST_TEST(read_to(after(2, 128 * KiB, 64 * KiB), 128 * KiB, 192 * KiB - 1, start, limits) == 320 * KiB);
}

BOOST_AUTO_TEST_CASE(as_far_as_the_client_goes_while_the_store_answers) {
    // 40 MiB a second: 4 MiB in 100 ms.
    BOOST_TEST(read_to(after(32, 32 * MiB, MiB), 32 * MiB, 33 * MiB - 1, start + 800ms, limits) == 37 * MiB);
    // A slow one gets its next request.
    BOOST_TEST(read_to(after(8, 16 * MiB, 2 * MiB), 16 * MiB, 18 * MiB - 1, start + 1min, limits) == 20 * MiB);
}

BOOST_AUTO_TEST_CASE(what_lies_between_requests_is_counted) {
    sequential_reads reads;
    reads.sent(0, 99, start, start);
    reads.sent(150, 199, start, start);
    reads.sent(207, 299, start, start);
    BOOST_TEST(reads.preceding(300).value().skipped == 57U);
}

BOOST_AUTO_TEST_CASE(little_lies_ahead_of_one_that_leaves_parts_out) {
    const struct {
        std::uint64_t sent, skipped, gap, length, to;
    } cases[]{
        {128 * KiB, 0, 64 * KiB, 64 * KiB, 384 * KiB}, // the first gap, before the third request: what was sent
        {MiB, 64 * KiB, 0, 64 * KiB, 2 * MiB},         // a sixteenth: none to speak of
        {MiB - 64 * KiB, 64 * KiB, 0, 64 * KiB, MiB + 384 * KiB},
        {MiB - 64 * KiB, 128 * KiB, 0, 64 * KiB, MiB + 384 * KiB + 128 * KiB},
        {8 * MiB, 0, MiB, 2 * MiB, 13 * MiB}, // as much as the next request
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.sent << " sent, " << c.skipped << " skipped, then " << c.gap) {
            sequence before = after(2, c.sent, c.length);
            before.next = c.sent + c.skipped;
            before.skipped = c.skipped;
            const std::uint64_t first = before.next + c.gap;
            BOOST_TEST(read_to(before, first, first + c.length - 1, start + 1min, limits) == c.to);
        }
    }
    // No more than `read_ahead`.
    sequence before = after(2, 128 * KiB, 64 * KiB);
    BOOST_TEST(read_to(before, 192 * KiB, 256 * KiB - 1, start, {64 * KiB, MiB, 50ms}) == 320 * KiB);
}

BOOST_AUTO_TEST_CASE(what_is_only_named_does_not_count) {
    BOOST_TEST(read_to(after(2, 2, 1), 2, 16 * MiB - 1, start + 1s, limits) == 16 * MiB);
    BOOST_TEST(read_to(after(2, 2, 1), 2, 64 * KiB - 1, start + 1s, limits) <= 65 * KiB);
}

BOOST_AUTO_TEST_CASE(never_more_than_was_sent_or_a_block_or_the_limit) {
    BOOST_TEST(read_to(after(2, 2 * MiB, MiB), 2 * MiB, 3 * MiB - 1, start, limits) == 4 * MiB);
    BOOST_TEST(read_to(after(8, 8 * MiB, MiB), 8 * MiB, 9 * MiB - 1, start, limits) == 11 * MiB);
    BOOST_TEST(read_to(after(900, 900 * MiB, MiB), 900 * MiB, 901 * MiB - 1, start, limits) == 917 * MiB);
    // The block's end would be too far: as much as may be.
    const ahead_limits small{100 * KiB, MiB, 50ms};
    BOOST_TEST(read_to(after(20, 200 * KiB, 10 * KiB), 200 * KiB, 210 * KiB - 1, start, small) == 310 * KiB);
}

BOOST_AUTO_TEST_SUITE_END()
