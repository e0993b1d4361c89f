#include <sluice/media/memory_rules.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;

constexpr own_request usual{50ms, origin::byte_time(25)};

/// Holds 1 MiB to 3 MiB; its GET goes on to 8 MiB.
constexpr running_stream some(bool is_resumable = true) {
    running_stream s;
    s.begin = MiB;
    s.end = 3 * MiB;
    s.get_end = 8 * MiB;
    s.is_resumable = is_resumable;
    return s;
}

bool follows(std::uint64_t first, std::uint64_t last, const running_stream& s = some()) {
    return follows_stream(s, {first, last}, usual);
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_memory_rules)

BOOST_AUTO_TEST_CASE(each_has_its_share_of_one_half) {
    BOOST_TEST(ring_capacity(64 * MiB, 0) == 4 * MiB);
    BOOST_TEST(ring_capacity(64 * MiB, 1) == 4 * MiB);
    BOOST_TEST(ring_capacity(64 * MiB, 8) == 4 * MiB);
    BOOST_TEST(ring_capacity(64 * MiB, 9) == 3584 * KiB); // whole pieces
    BOOST_TEST(ring_capacity(64 * MiB, 128) == 256 * KiB);
    BOOST_TEST(ring_capacity(64 * MiB, 100000) == 256 * KiB); // what each has, or it is not begun
    BOOST_TEST(ring_capacity(MiB, 1) == 512 * KiB);
    BOOST_TEST(ring_capacity(0, 1) == 256 * KiB);
}

BOOST_AUTO_TEST_CASE(joins_where_the_first_byte_is_there) {
    BOOST_TEST(follows(MiB, 20 * MiB));
    BOOST_TEST(follows(2 * MiB, 2 * MiB));
    BOOST_TEST(follows(3 * MiB, 20 * MiB));
    BOOST_TEST(!follows(MiB - 1, 20 * MiB));
    BOOST_TEST(!follows(0, 20 * MiB));
}

BOOST_AUTO_TEST_CASE(joins_where_the_first_byte_comes_soon) {
    BOOST_TEST(follows(3 * MiB + 256 * KiB, 20 * MiB)); // 7 ms
    BOOST_TEST(!follows(3 * MiB + 256 * KiB + 1, 20 * MiB));
    auto slow = some();
    slow.each = origin::byte_time(1000); // 1 MB/s
    BOOST_TEST(follows(3 * MiB + 50 * KiB, 20 * MiB, slow));
    BOOST_TEST(!follows(3 * MiB + 100 * KiB, 20 * MiB, slow)); // 102 ms against 50
}

BOOST_AUTO_TEST_CASE(without_a_validator_one_get_brings_all_of_it) {
    BOOST_TEST(follows(2 * MiB, 8 * MiB - 1, some(false)));
    BOOST_TEST(!follows(2 * MiB, 8 * MiB, some(false)));
    auto held = some(false);
    held.is_held_back = true;
    BOOST_TEST(!follows(2 * MiB, 8 * MiB - 1, held));
    held.is_resumable = true; // who holds it back will be left behind
    BOOST_TEST(follows(2 * MiB, 8 * MiB - 1, held));
}

BOOST_AUTO_TEST_CASE(asks_for_what_follows_before_it_is_due) {
    BOOST_TEST(asks_ahead(0, origin::byte_time(25), 0ms));
    BOOST_TEST(asks_ahead(4'000'000, origin::byte_time(25), 50ms)); // 100 ms
    BOOST_TEST(!asks_ahead(4'000'001, origin::byte_time(25), 50ms));
    BOOST_TEST(!asks_ahead(100'001, origin::byte_time(1000), 50ms));
}

BOOST_AUTO_TEST_CASE(who_is_slow_holds_others_back_for_a_tenth_of_the_time) {
    // Who takes nothing.
    BOOST_TEST((hold_left({100ms, 0ms, MiB, 0}) == 210ms));
    BOOST_TEST((hold_left({200ms, 100ms, MiB, 0}) == 120ms));
    BOOST_TEST((hold_left({300ms, 220ms, MiB, 0}) == 10ms));
    BOOST_TEST((hold_left({300ms, 230ms, MiB, 0}) == 0ms));
    BOOST_TEST((hold_left({300ms, 300ms, MiB, 0}) == 0ms));
    BOOST_TEST((hold_left({10s, 1s, MiB, 0}) == 200ms));
    BOOST_TEST((hold_left({10s, 1200ms, MiB, 0}) == 0ms));
}

BOOST_AUTO_TEST_CASE(who_is_hardly_slower_is_waited_for) {
    // 8 MB in the second in which nobody waited: what is half as fast is left behind.
    BOOST_TEST((hold_left({2s, 1s, 8'000'000, 4'000'000}) == 0ms));
    BOOST_TEST((hold_left({2s, 1s, 8'000'000, 5'900'000}) == 0ms));
    BOOST_TEST((hold_left({2s, 1s, 8'000'000, 6'100'000}) > 0ms));
    BOOST_TEST((hold_left({2s, 1s, 8'000'000, 16'000'000}) > 0ms)); // it has what others leave to it
}

BOOST_AUTO_TEST_SUITE_END()
