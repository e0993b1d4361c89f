#include <sluice/media/cold_requests.hpp>

#include <boost/test/unit_test.hpp>

#include <list>

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t MiB = 1024 * 1024;

constexpr own_request usual{50ms, origin::byte_time(25)}; // 40 MB/s

struct fixture {
    cold_requests all{};
    std::list<cold_requests::registration> running{};

    void begin(std::uint64_t first, std::uint64_t last, steady_clock::duration at = 0ms,
               const std::string& object = "o") {
        running.emplace_back(all, object, cold_requests::request{first, last, steady_clock::time_point(at)});
    }
    /// What is followed, or -1.
    std::int64_t to_follow(std::uint64_t wanted, steady_clock::duration at = 0ms, const own_request& own = usual,
                           const std::string& object = "o") {
        const auto first = all.to_follow(object, wanted, steady_clock::time_point(at), own);
        return first ? static_cast<std::int64_t>(*first) : -1;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(media_cold_requests, fixture)

BOOST_AUTO_TEST_CASE(nothing_runs) {
    BOOST_TEST(to_follow(0) == -1);
    begin(0, 10 * MiB);
    BOOST_TEST(to_follow(0, 0ms, usual, "other") == -1);
    running.clear();
    BOOST_TEST(to_follow(0) == -1);
}

BOOST_AUTO_TEST_CASE(what_is_brought_in_time_is_followed) {
    begin(MiB, 11 * MiB - 1);
    BOOST_TEST(to_follow(MiB) == MiB);
    BOOST_TEST(to_follow(MiB + 65'535) == MiB);  // its page
    BOOST_TEST(to_follow(MiB + 200'000) == MiB); // 5 ms more, a tenth
    BOOST_TEST(to_follow(MiB + 210'000) == -1);
    BOOST_TEST(to_follow(MiB + 1'000'000, 20ms) == MiB); // it has begun before
    BOOST_TEST(to_follow(MiB + 3'000'000, 80ms) == -1);  // and is late
    BOOST_TEST(to_follow(MiB - 1) == -1);
}

BOOST_AUTO_TEST_CASE(what_it_does_not_ask_for_is_not_waited_for) {
    begin(0, 99'999);
    BOOST_TEST(to_follow(99'999) == 0);
    BOOST_TEST(to_follow(100'000) == -1);
}

BOOST_AUTO_TEST_CASE(the_one_that_brings_it) {
    begin(0, MiB - 1);
    begin(5 * MiB, 6 * MiB - 1);
    BOOST_TEST(to_follow(5 * MiB + 1) == 5 * MiB);
    running.pop_back();
    BOOST_TEST(to_follow(5 * MiB + 1) == -1);
    BOOST_TEST(to_follow(1) == 0);
}

BOOST_AUTO_TEST_CASE(a_bound_of_what_runs_beside_each_other) {
    for (std::uint64_t i = 0; i < cold_requests::max_beside; ++i) {
        BOOST_TEST(to_follow(i * 10 * MiB) == -1);
        begin(i * 10 * MiB, i * 10 * MiB + 99);
    }
    BOOST_TEST(to_follow(5 * MiB) == static_cast<std::int64_t>((cold_requests::max_beside - 1) * 10 * MiB));
    running.pop_front();
    BOOST_TEST(to_follow(5 * MiB) == -1);
}

BOOST_AUTO_TEST_CASE(one_that_was_moved_ends_once) {
    begin(0, 99);
    {
        const cold_requests::registration moved(std::move(running.back()));
        running.clear();
        BOOST_TEST(to_follow(0) == 0);
    }
    BOOST_TEST(to_follow(0) == -1);
}

BOOST_AUTO_TEST_SUITE_END()
