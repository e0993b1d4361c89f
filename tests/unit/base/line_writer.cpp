#include <sluice/base/line_writer.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <thread>

using namespace sluice;

namespace {

struct pipe_ends {
    pipe_ends() { BOOST_TEST_REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0); }
    pipe_ends(const pipe_ends&) = delete;
    pipe_ends& operator=(const pipe_ends&) = delete;
    ~pipe_ends() {
        close_reader();
        close_writer();
    }
    void close_reader() { close_one(ends[0]); }
    void close_writer() { close_one(ends[1]); }
    static void close_one(int& fd) {
        if (fd >= 0) {
            close(std::exchange(fd, -1));
        }
    }
    /// All that comes until the writing end is closed.
    [[nodiscard]] std::string read_all() const {
        std::string all;
        std::array<char, 65536> part{};
        for (;;) {
            const auto n = read(ends[0], part.data(), part.size());
            if (n <= 0) {
                return all;
            }
            all.append(part.data(), static_cast<std::size_t>(n));
        }
    }
    std::array<int, 2> ends{-1, -1};
};

std::string notice(std::uint64_t lines) {
    return "dropped " + std::to_string(lines) + "\n";
}

struct tally {
    std::uint64_t whole{0}; ///< lines that came as they were written
    std::uint64_t told{0};  ///< lines that notices spoke of
    std::uint64_t notices{0};
    std::uint64_t other{0};
};

/// Lines are "N:" and N of the letter x.
tally count(std::string_view text) {
    tally t;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        std::uint64_t n = 0;
        if (line.starts_with("dropped ")) {
            std::from_chars(line.data() + 8, line.data() + line.size(), n);
            t.told += n;
            ++t.notices;
        } else {
            const auto colon = line.find(':');
            std::from_chars(line.data(), line.data() + line.size(), n);
            const bool good = colon != std::string_view::npos && end < text.size() && line.size() == colon + 1 + n &&
                              line.find_first_not_of('x', colon + 1) == std::string_view::npos;
            ++(good ? t.whole : t.other);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return t;
}

std::string line_of(std::size_t n) {
    return std::to_string(n) + ":" + std::string(n, 'x') + "\n";
}

} // namespace

BOOST_AUTO_TEST_SUITE(line_writers)

BOOST_AUTO_TEST_CASE(what_nobody_reads_is_bounded_counted_and_said_once) {
    pipe_ends p;
    line_writer w(p.ends[1], 1U << 20U, notice);
    std::uint64_t written = 0;
    for (; written < 40'000; ++written) {
        w.write(line_of(written % 300)); // some 6 MiB
    }
    const auto dropped = w.dropped();
    BOOST_TEST(dropped > 20'000U);
    BOOST_TEST(dropped < 40'000U);
    std::string got;
    std::thread reader([&] { got = p.read_all(); });
    BOOST_TEST(w.finish(std::chrono::seconds(20)));
    p.close_writer();
    reader.join();
    const auto t = count(got);
    BOOST_TEST(t.other == 0U);
    BOOST_TEST(t.notices == 1U);
    BOOST_TEST(t.told == dropped);
    BOOST_TEST(t.whole + dropped == written);
}

BOOST_AUTO_TEST_CASE(the_end_does_not_wait_for_a_reader_for_ever_and_tears_no_line) {
    pipe_ends p;
    line_writer w(p.ends[1], 1U << 20U, notice);
    for (int i = 0; i < 2000; ++i) {
        w.write(line_of(300));
    }
    BOOST_TEST(!w.finish(std::chrono::milliseconds(10)));
    p.close_writer();
    const auto t = count(p.read_all());
    BOOST_TEST(t.other == 0U);
    BOOST_TEST(t.whole > 0U);
    BOOST_TEST(t.whole < 2000U);
}

BOOST_AUTO_TEST_CASE(a_long_line_comes_whole) {
    pipe_ends p;
    std::string got;
    std::thread reader([&] { got = p.read_all(); });
    {
        line_writer w(p.ends[1], 8U << 20U, notice);
        w.write(line_of(5) + line_of(300'000) + line_of(4096) + line_of(0));
        BOOST_TEST(w.finish(std::chrono::seconds(20)));
    }
    p.close_writer();
    reader.join();
    BOOST_TEST(got == line_of(5) + line_of(300'000) + line_of(4096) + line_of(0));
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_gone_is_no_end) {
    pipe_ends p;
    line_writer w(p.ends[1], 1U << 20U, notice);
    p.close_reader();
    for (int i = 0; i < 10'000; ++i) {
        w.write(line_of(300)); // without SIGPIPE, which would end this program
    }
    w.finish(std::chrono::seconds(20));
    BOOST_TEST(w.dropped() == 10'000U);
}

BOOST_AUTO_TEST_CASE(more_than_may_wait_is_dropped_as_a_whole) {
    pipe_ends p;
    line_writer w(p.ends[1], 100, notice);
    w.write(line_of(5) + line_of(200));
    w.write(line_of(3));
    BOOST_TEST(w.finish(std::chrono::seconds(20)));
    p.close_writer();
    const auto got = p.read_all();
    BOOST_TEST(w.dropped() == 2U);
    BOOST_TEST(count(got).told == 2U);
    BOOST_TEST(count(got).whole == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
