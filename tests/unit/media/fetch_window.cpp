#include <sluice/media/fetch_window.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::media;

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::uint64_t page = 64 * KiB;
constexpr std::uint64_t reading = 3 * MiB + 512 * KiB;
constexpr http::byte_range film{0, 512 * MiB - 1};

using bytes = std::pair<std::uint64_t, std::uint64_t>; ///< first, and one past the last

/// Begins what is due of an object of which all before `there` is there or asked for, and nothing behind it.
std::vector<bytes> begun(fetch_window& w, std::uint64_t position, std::uint64_t there) {
    std::vector<bytes> all;
    while (const auto look = w.look_ahead(position)) {
        const std::uint64_t gap_begin = std::max(look->first / page * page, there);
        const std::uint64_t gap_end = std::max(gap_begin, (look->last + page) / page * page);
        const auto next = w.fetch_ahead(position, gap_begin, gap_end);
        if (!next) {
            break;
        }
        all.emplace_back(next->first, next->last + 1);
        there = next->last + 1;
    }
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_fetch_window)

BOOST_AUTO_TEST_CASE(what_is_fetched_at_once) {
    const struct {
        std::uint64_t length, read_ahead;
        unsigned parallel;
        bool at_once;
    } cases[]{
        {16 * MiB, 200 * MiB, 1, true}, {16 * MiB + 1, 200 * MiB, 1, false}, {MiB, 0, 1, true},
        {MiB + 1, 0, 1, false},         {8 * MiB, 8 * MiB, 1, true},         {8 * MiB + 1, 8 * MiB, 1, false},
        {4 * MiB, 8 * MiB, 4, true},    {4 * MiB + 1, 8 * MiB, 4, false},    {2 * MiB, MiB, 4, false},
        {1, 8 * MiB, 16, true},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.length << " bytes, read_ahead " << c.read_ahead << ", parallel " << c.parallel) {
            BOOST_TEST(is_fetched_at_once(5, 5 + c.length - 1, {c.read_ahead, c.parallel}) == c.at_once);
        }
    }
}

BOOST_AUTO_TEST_CASE(pieces_of_what_is_fetched_at_once) {
    const struct {
        std::uint64_t length;
        unsigned parallel;
        std::uint64_t piece;
    } cases[]{
        {1, 1, page},
        {1, 16, page},
        {10 * MiB, 1, 10 * MiB},
        {1023 * KiB, 4, 16 * page},
        {MiB, 4, 512 * KiB},
        {2 * MiB, 4, 512 * KiB},
        {4 * MiB, 4, MiB},
        {4 * MiB, 16, 512 * KiB},
        {3 * MiB, 4, 768 * KiB},
        {MiB + 1, 2, 9 * page},
        {4 * MiB, 3, 22 * page},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.length << " bytes by " << c.parallel) {
            const auto piece = piece_of(c.length, c.parallel);
            BOOST_TEST(piece == c.piece);
            BOOST_TEST((c.length + piece - 1) / piece <= c.parallel);
        }
    }
}

BOOST_AUTO_TEST_CASE(one_connection_begins_a_third_of_what_is_ahead) {
    fetch_window w({16 * MiB, 1});
    w.begin(film, true);
    BOOST_TEST(w.next_end(0) == MiB - 1);
    BOOST_TEST(w.ahead() == first_ahead);
    // The first window is under way: a small piece behind it, whatever the client is like.
    BOOST_TEST((begun(w, 1, MiB) == std::vector<bytes>{{MiB, MiB + 256 * KiB}}));
    BOOST_TEST(begun(w, 100 * KiB, MiB + 256 * KiB).empty());
    w.move(256 * KiB, reading);
    BOOST_TEST((begun(w, 300 * KiB, MiB + 256 * KiB) == std::vector<bytes>{{MiB + 256 * KiB, 4 * MiB - 256 * KiB}}));
    w.move(MiB, reading); // to 4.5 MiB: less than a third of 3.5 MiB further
    BOOST_TEST(begun(w, 2 * MiB, 4 * MiB - 256 * KiB).empty());
    w.move(2 * MiB, reading);
    BOOST_TEST(
        (begun(w, 2 * MiB, 4 * MiB - 256 * KiB) == std::vector<bytes>{{4 * MiB - 256 * KiB, 5 * MiB + 512 * KiB}}));
    w.move(100 * MiB, 64 * MiB); // `read_ahead` bounds it
    BOOST_TEST((begun(w, 100 * MiB, 104 * MiB) == std::vector<bytes>{{104 * MiB, 116 * MiB}}));
    BOOST_TEST(w.next_end(116 * MiB) == 132 * MiB - 1);
    w.move(505 * MiB, 64 * MiB); // nor more than is wanted
    BOOST_TEST((begun(w, 505 * MiB, 508 * MiB) == std::vector<bytes>{{508 * MiB, 512 * MiB}}));
    BOOST_TEST(w.next_end(511 * MiB) == 512 * MiB - 1);
    BOOST_TEST(!w.look_ahead(512 * MiB).has_value());
}

BOOST_AUTO_TEST_CASE(a_slow_client_gets_small_pieces) {
    fetch_window w({200 * MiB, 1});
    w.begin(film, true);
    w.move(128 * KiB, MiB); // it was further already
    BOOST_TEST((begun(w, 256 * KiB, MiB) == std::vector<bytes>{{MiB, MiB + 256 * KiB}}));
    w.move(400 * KiB, MiB);
    BOOST_TEST(begun(w, 450 * KiB, MiB + 256 * KiB).empty());
    w.move(512 * KiB, MiB);
    BOOST_TEST((begun(w, 600 * KiB, MiB + 256 * KiB) == std::vector<bytes>{{MiB + 256 * KiB, MiB + 512 * KiB}}));
    BOOST_TEST(w.next_end(2 * MiB) == 3 * MiB - 1);
}

BOOST_AUTO_TEST_CASE(several_connections_begin_pieces) {
    fetch_window w({16 * MiB, 4});
    w.begin(film, true);
    BOOST_TEST(w.next_end(0) == MiB - 1); // one request, as with one connection
    BOOST_TEST((begun(w, 1, MiB) == std::vector<bytes>{{MiB, MiB + 256 * KiB}}));
    w.move(256 * KiB, reading);
    const std::uint64_t piece = 448 * KiB, from = MiB + 256 * KiB;
    std::vector<bytes> pieces;
    for (std::uint64_t i = 0; i < 5; ++i) {
        pieces.emplace_back(from + i * piece, from + (i + 1) * piece);
    }
    BOOST_TEST((begun(w, 256 * KiB, from) == pieces));
    w.move(MiB, reading);
    const std::uint64_t then = from + 5 * piece;
    BOOST_TEST((begun(w, MiB, then) == std::vector<bytes>{{then, then + piece}, {then + piece, then + 2 * piece}}));
    w.move(100 * MiB, 16 * MiB);
    BOOST_TEST(begun(w, 100 * MiB, 100 * MiB + page).size() == 7U); // not the client's own, and no half of one
    BOOST_TEST(w.next_end(200 * MiB) == 202 * MiB - 1);
}

BOOST_AUTO_TEST_CASE(there_are_never_many_requests) {
    for (const unsigned parallel : {1U, 2U, 4U, 16U}) {
        for (const std::uint64_t ahead : {MiB, reading, 16 * MiB}) {
            fetch_window w({16 * MiB, parallel});
            w.begin(film, true);
            w.move(MiB, ahead);
            const auto all = begun(w, MiB, MiB + page);
            BOOST_TEST_CONTEXT(parallel << " connections, " << ahead << " bytes ahead") {
                BOOST_TEST(all.size() <= std::max(2 * parallel, 4U));
                BOOST_TEST(all.back().second <= MiB + ahead);
                for (const auto& [first, end] : all) {
                    BOOST_TEST(end - first >= min_piece);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(named_ranges_come_at_once) {
    fetch_window w({8 * MiB, 1});
    w.begin({10, 8 * MiB + 9}, false); // as long as the largest window
    BOOST_TEST(w.is_at_once());
    BOOST_TEST(w.next_end(10) == 8 * MiB + 9);
    BOOST_TEST(w.next_end(0) == 8 * MiB + 9); // from the beginning of its page
    // Each gap of it by itself.
    BOOST_TEST((w.look_ahead(10) == http::byte_range{10, 8 * MiB + 9}));
    BOOST_TEST((w.fetch_ahead(10, 2 * MiB, 3 * MiB) == http::byte_range{2 * MiB, 3 * MiB - 1}));
    BOOST_TEST((w.look_ahead(10) == http::byte_range{3 * MiB, 8 * MiB + 9}));
    w.begin({10, 8 * MiB + 10}, false);
    BOOST_TEST(!w.is_at_once());
    BOOST_TEST(w.next_end(10) == MiB - 1);
    w.begin({10, 100}, true); // the end of an open range
    BOOST_TEST(w.next_end(10) == 100U);
}

BOOST_AUTO_TEST_CASE(named_ranges_come_at_once_in_pieces) {
    fetch_window w({16 * MiB, 4});
    w.begin({page + 5, page + 2 * MiB + 4}, false);
    const std::uint64_t piece = 9 * page; // it begins inside a page, and ends inside one
    const std::uint64_t end = w.next_end(page + 5) + 1;
    BOOST_TEST(end == page + piece);
    const std::vector<bytes> rest{
        {end, end + piece}, {end + piece, end + 2 * piece}, {end + 2 * piece, 2 * page + 2 * MiB}};
    BOOST_TEST((begun(w, page + 5, end) == rest));
    BOOST_TEST(w.ahead() == 4 * MiB); // none of them waits for the client
}

BOOST_AUTO_TEST_CASE(holes) {
    fetch_window w({16 * MiB, 1});
    w.begin(film, true);
    w.move(0, reading);
    BOOST_TEST(!w.fetch_ahead(0, 2 * MiB, 2 * MiB).has_value()); // nothing is missing
    BOOST_TEST(!w.fetch_ahead(page, page, MiB).has_value());     // the client is there itself
    BOOST_TEST((w.fetch_ahead(0, 2 * page, 3 * page) == http::byte_range{2 * page, 3 * page - 1}));
    // One that goes on beyond the frontier, and can be asked for with what is behind that.
    BOOST_TEST(!w.fetch_ahead(0, reading - page, reading).has_value());
    BOOST_TEST((w.fetch_ahead(0, MiB, reading) == http::byte_range{MiB, reading - 1}));
    w.begin(film, true); // another part: what was asked for another counts no more
    BOOST_TEST(w.look_ahead(0)->first == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
