#include <sluice/base/log.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace sluice;

namespace {

/// What is written to a standard stream while this object lives, in a file without a name.
class captured {
public:
    explicit captured(std::FILE* stream)
        : stream_(stream)
        , file_(std::tmpfile()) {
        BOOST_TEST_REQUIRE(file_ != nullptr);
        std::fflush(stream_);
        kept_ = dup(fileno(stream_));
        dup2(fileno(file_), fileno(stream_));
    }
    captured(const captured&) = delete;
    captured& operator=(const captured&) = delete;
    ~captured() {
        restore();
        std::fclose(file_);
    }

    /// Ends the capture and gives its lines.
    std::vector<std::string> lines() {
        restore();
        std::rewind(file_);
        std::vector<std::string> all;
        std::string line;
        for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) {
            if (c == '\n') {
                all.push_back(std::exchange(line, {}));
            } else {
                line += static_cast<char>(c);
            }
        }
        BOOST_TEST(line.empty(), "a line without its end");
        return all;
    }

private:
    void restore() {
        if (kept_ >= 0) {
            std::fflush(stream_);
            dup2(kept_, fileno(stream_));
            close(std::exchange(kept_, -1));
        }
    }
    std::FILE* stream_;
    std::FILE* file_;
    int kept_{-1};
};

/// Starts the log and gives back the default level at the end.
struct started {
    started(log::level least, bool as_json) { log::start(least, as_json); }
    started(const started&) = delete;
    started& operator=(const started&) = delete;
    ~started() {
        log::stop();
        log::start(log::level::info, true);
        log::stop();
    }
};

boost::json::object object_of(const std::string& line) {
    boost::system::error_code ec;
    auto value = boost::json::parse(line, ec);
    BOOST_TEST_REQUIRE(!ec, "no JSON: " << line);
    return value.as_object();
}

std::string quoted_text(std::string_view text) {
    std::string out;
    log::append_json_string(out, text);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(logging)

BOOST_AUTO_TEST_CASE(hostile_bytes_stay_in_their_string) {
    BOOST_TEST(quoted_text("plain /a-b_c?d") == "\"plain /a-b_c?d\"");
    BOOST_TEST(quoted_text("") == "\"\"");
    BOOST_TEST(quoted_text("a\"b\\c") == R"("a\"b\\c")");
    BOOST_TEST(quoted_text("\r\n\t") == R"("\r\n\t")");
    BOOST_TEST(quoted_text(std::string_view("\0", 1)) == R"("\u0000")");
    BOOST_TEST(quoted_text("\x1b[31m") == R"("\u001b[31m")");
    BOOST_TEST(quoted_text("\x7f\x85\xc2\x9b") == R"("\u007f\u0085\u009b")"); // DEL, and C1 in both forms
    for (const std::string valid : {"\xc3\xbc", "\xc2\xa0", "\xe2\x82\xac", "\xed\x9f\xbf", "\xf0\x9f\x8e\xac",
                                    "\xf4\x8f\xbf\xbf", "\xe2\x82\xac\xc3\xbc"}) {
        BOOST_TEST(quoted_text(valid) == '"' + valid + '"');
        BOOST_TEST(quoted_text('"' + valid + "a\n") == R"("\")" + valid + R"(a\n")");
    }
    BOOST_TEST(quoted_text("\xff") == R"("\u00ff")");           // never in UTF-8
    BOOST_TEST(quoted_text("\xbc") == R"("\u00bc")");           // a continuation of nothing
    BOOST_TEST(quoted_text("\xc0\xaf") == R"("\u00c0\u00af")"); // overlong
    BOOST_TEST(quoted_text("\xe0\x80\xaf") == R"("\u00e0\u0080\u00af")");
    BOOST_TEST(quoted_text("\xf0\x80\x80\xaf") == R"("\u00f0\u0080\u0080\u00af")");
    BOOST_TEST(quoted_text("\xed\xa0\x80") == R"("\u00ed\u00a0\u0080")");           // a surrogate
    BOOST_TEST(quoted_text("\xf4\x90\x80\x80") == R"("\u00f4\u0090\u0080\u0080")"); // above U+10FFFF
    BOOST_TEST(quoted_text("\xe2\x82") == R"("\u00e2\u0082")");                     // truncated
    BOOST_TEST(quoted_text("\xe2\x82\xc3\xbc") == "\"\\u00e2\\u0082\xc3\xbc\"");    // and a good one behind it
    BOOST_TEST(quoted_text("\xf0\x9f\x8e"
                           "a") == R"("\u00f0\u009f\u008ea")");
    // Every byte, and random ones: always one JSON string without a raw control character.
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    std::vector<std::string> texts(256);
    for (unsigned byte = 0; byte < 256; ++byte) {
        texts[byte] = std::string("a") + static_cast<char>(byte) + "z";
    }
    for (int round = 0; round < 200; ++round) {
        std::string text;
        for (auto n = random() % 40; n != 0; --n) {
            text += static_cast<char>(random() % 256);
        }
        texts.push_back(text);
    }
    for (const auto& text : texts) {
        const auto line = quoted_text(text);
        boost::system::error_code ec;
        const auto value = boost::json::parse(line, ec);
        BOOST_TEST_REQUIRE((!ec && value.is_string()), "seed " << seed << ": " << line);
        for (const char c : line) {
            BOOST_TEST(static_cast<unsigned char>(c) >= 0x20, "seed " << seed);
        }
    }
}

BOOST_AUTO_TEST_CASE(events_are_one_json_object_a_line) {
    captured out(stdout);
    {
        const started s(log::level::info, true);
        log::info("one \"event\"\n", {{"text", "a\r\n{\"level\":\"error\"}\xff"},
                                      {"whole", 42},
                                      {"large", std::numeric_limits<std::int64_t>::max()},
                                      {"real", 0.25},
                                      {"yes", true},
                                      {"key\"\n", std::string("v")}});
        log::warn("not a number", {{"nan", std::nan("")}, {"inf", std::numeric_limits<double>::infinity()}});
        log::write_lines("{\"access\":1}\n{\"access\":2}\n");
        log::write_lines("");
    }
    const auto lines = out.lines();
    BOOST_TEST_REQUIRE(lines.size() == 4U);
    const auto first = object_of(lines[0]);
    BOOST_TEST(first.at("level").as_string() == "info");
    BOOST_TEST(first.at("message").as_string() == "one \"event\"\n");
    BOOST_TEST(first.at("text").as_string() == "a\r\n{\"level\":\"error\"}\xc3\xbf");
    BOOST_TEST(first.at("whole").as_int64() == 42);
    BOOST_TEST(first.at("large").as_int64() == std::numeric_limits<std::int64_t>::max());
    BOOST_TEST(first.at("real").as_double() == 0.25);
    BOOST_TEST(first.at("yes").as_bool());
    BOOST_TEST(first.at("key\"\n").as_string() == "v");
    const auto& time = first.at("time").as_string();
    BOOST_TEST(time.size() == std::string_view("2026-01-01T00:00:00.000Z").size());
    BOOST_TEST(time.back() == 'Z');
    const auto second = object_of(lines[1]);
    BOOST_TEST(second.at("nan").is_null());
    BOOST_TEST(second.at("inf").is_null());
    BOOST_TEST(lines[2] == "{\"access\":1}");
    BOOST_TEST(lines[3] == "{\"access\":2}");
}

BOOST_AUTO_TEST_CASE(text_lines_cannot_be_broken_either) {
    captured out(stdout);
    {
        const started s(log::level::info, false);
        log::info("event", {{"path", "/a\n2026 error forged"}, {"n", -1}});
    }
    const auto lines = out.lines();
    BOOST_TEST_REQUIRE(lines.size() == 1U);
    BOOST_TEST(lines[0].ends_with(R"( info event path="/a\n2026 error forged" n=-1)"), lines[0]);
}

BOOST_AUTO_TEST_CASE(levels) {
    using log::level;
    for (const auto least : {level::debug, level::info, level::warn, level::error}) {
        captured out(stdout);
        {
            const started s(least, true);
            log::debug("debug");
            log::info("info");
            log::warn("warn");
            log::error("error");
            BOOST_TEST(log::enabled(least));
            BOOST_TEST(log::enabled(level::error));
            BOOST_TEST(log::enabled(level::debug) == (least == level::debug));
        }
        const auto lines = out.lines();
        BOOST_TEST_REQUIRE(lines.size() == 4U - static_cast<std::size_t>(least));
        BOOST_TEST(object_of(lines.back()).at("level").as_string() == "error");
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_at_the_end) {
    constexpr int threads = 4;
    constexpr int each = 1000; // all of them fit into the queue
    captured out(stdout);
    {
        const started s(log::level::info, true);
        std::vector<std::thread> writers;
        for (int t = 0; t < threads; ++t) {
            writers.emplace_back([t] {
                for (int i = 0; i < each; ++i) {
                    log::info("event", {{"thread", t}, {"number", i}});
                }
            });
        }
        for (auto& w : writers) {
            w.join();
        }
    } // stop() right behind the last event
    const auto lines = out.lines();
    BOOST_TEST_REQUIRE(lines.size() == static_cast<std::size_t>(threads * each));
    std::vector<int> next(threads, 0);
    for (const auto& line : lines) {
        const auto o = object_of(line);
        const auto t = static_cast<std::size_t>(o.at("thread").as_int64());
        BOOST_TEST_REQUIRE(o.at("number").as_int64() == next[t]); // each thread's in its order
        ++next[t];
    }
}

BOOST_AUTO_TEST_CASE(without_a_start_events_go_to_standard_error) {
    captured out(stdout);
    captured errors(stderr);
    log::stop(); // nothing to end
    log::info("early", {{"n", 1}});
    log::debug("not shown");
    log::write_lines("{}\n");
    const auto lines = errors.lines();
    BOOST_TEST_REQUIRE(lines.size() == 1U);
    BOOST_TEST(object_of(lines[0]).at("message").as_string() == "early");
    BOOST_TEST(out.lines().empty());
}

BOOST_AUTO_TEST_SUITE_END()
