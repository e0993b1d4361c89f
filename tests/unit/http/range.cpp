#include <sluice/http/range.hpp>

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::http;

namespace {

/// The ranges of a field against an object of `size` bytes.
result<std::vector<byte_range>> parse_range(std::string_view field, std::uint64_t size, std::size_t max_ranges = 16) {
    const auto specs = parse_range_spec(field);
    if (!specs)
        return specs.error();
    return resolve_ranges(*specs, size, max_ranges);
}

/// "0-4,9-9", or the error's name.
std::string read(std::string_view field, std::uint64_t size) {
    const auto ranges = parse_range(field, size);
    if (!ranges)
        return std::string(to_string(ranges.error().code));
    std::string out;
    for (const auto& range : *ranges)
        out += (out.empty() ? "" : ",") + std::to_string(range.first) + '-' + std::to_string(range.last);
    return out;
}

struct row {
    std::string_view field;
    std::uint64_t size;
    std::string_view expected;
};

} // namespace

BOOST_AUTO_TEST_SUITE(range)

BOOST_AUTO_TEST_CASE(table) {
    constexpr std::string_view ignored = "range_ignored";
    constexpr std::string_view unsatisfiable = "range_not_satisfiable";
    const std::vector<row> rows{
        {"bytes=0-4", 10, "0-4"},
        {"bytes=0-", 10, "0-9"},
        {"BYTES=0-0", 10, "0-0"},
        {"bytes=-3", 10, "7-9"},
        {"bytes=-10", 10, "0-9"},
        {"bytes=-11", 10, "0-9"},
        {"bytes=5-100", 10, "5-9"},
        {"bytes=9-", 10, "9-9"},
        {"bytes=00-0004", 10, "0-4"},
        {"bytes=0-99999999999999999999999999", 10, "0-9"},
        {"bytes=-99999999999999999999999999", 10, "0-9"},
        {"bytes=10-", 10, unsatisfiable},
        {"bytes=10-20", 10, unsatisfiable},
        {"bytes=99999999999999999999999999-", 10, unsatisfiable},
        {"bytes=99999999999999999999999999-99999999999999999999999999", 10, unsatisfiable},
        {"bytes=-0", 10, unsatisfiable},
        {"bytes=-00", 10, unsatisfiable},
        {"bytes=0-", 0, unsatisfiable},
        {"bytes=-1", 0, unsatisfiable},
        {"bytes=5-3", 10, ignored},
        {"bytes=99999999999999999999999999-5", 10, ignored},
        {"bytes=0-4,5-3", 10, ignored},
        {"bytes=", 10, ignored},
        {"bytes=,", 10, ignored},
        {"bytes=-", 10, ignored},
        {"bytes=--1", 10, ignored},
        {"bytes=1", 10, ignored},
        {"bytes=a-b", 10, ignored},
        {"bytes=0-4-5", 10, ignored},
        {"bytes=+0-4", 10, ignored},
        {"bytes=0x0-4", 10, ignored},
        {"bytes=0 - 4", 10, ignored},
        {"bytes=0- 4", 10, ignored},
        {"bytes =0-4", 10, ignored},
        {"bytes 0-4", 10, ignored},
        {"bytes", 10, ignored},
        {"", 10, ignored},
        {"byte=0-4", 10, ignored},
        {"items=0-4", 10, ignored},
        {"bytes=\"0-4\"", 10, ignored},
        {"bytes=0-4;5-6", 10, ignored},
        // several
        {"bytes=0-1,3-4", 10, "0-1,3-4"},
        {"bytes= 0-1 ,\t3-4 ,", 10, "0-1,3-4"},
        {"bytes=,0-1,,3-4", 10, "0-1,3-4"},
        {"bytes=5-6,0-1", 10, "5-6,0-1"},
        {"bytes=0-0,-1", 10, "0-0,9-9"},
        {"bytes=0-4,5-9", 10, "0-4,5-9"}, // touching is not overlapping
        {"bytes=0-5,5-9", 10, "0-9"},
        {"bytes=8-9,0-2,2-4,1-8", 10, "0-9"},
        {"bytes=9-9,3-5,0-1,4-6", 10, "9-9,3-6,0-1"},
        {"bytes=0-,-1", 10, "0-9"},
        {"bytes=0-1,20-30", 10, "0-1"},
        {"bytes=20-30,-0", 10, unsatisfiable},
        // the ends of the number line
        {"bytes=9223372036854775806-", 9223372036854775807ULL, "9223372036854775806-9223372036854775806"},
        {"bytes=0-", 9223372036854775807ULL, "0-9223372036854775806"},
        {"bytes=-1", 18446744073709551615ULL, "18446744073709551614-18446744073709551614"},
    };
    for (const auto& [field, size, expected] : rows)
        BOOST_TEST(read(field, size) == expected,
                   field << " of " << size << ": expected " << expected << ", got " << read(field, size));
}

BOOST_AUTO_TEST_CASE(how_many) {
    const auto list = [](int count, int stride) {
        std::string field = "bytes=";
        for (int i = 0; i != count; ++i)
            field += std::to_string(i * stride) + '-' + std::to_string(i * stride + 1) + ',';
        return field;
    };
    BOOST_TEST(parse_range(list(16, 3), 1000)->size() == 16U);
    BOOST_TEST(read(list(17, 3), 1000) == "range_ignored");
    BOOST_TEST(parse_range(list(17, 3), 48)->size() == 16U); // the 17th is not satisfiable
    BOOST_TEST(read(list(64, 1), 1000) == "0-64");
    BOOST_TEST(read(list(65, 1), 1000) == "range_ignored");
    BOOST_TEST(read(list(65, 1), 1) == "range_ignored");
    BOOST_TEST(parse_range("bytes=0-1,3-4", 10, 2)->size() == 2U);
    BOOST_TEST(!parse_range("bytes=0-1,3-4", 10, 1).has_value());
}

BOOST_AUTO_TEST_CASE(without_a_size) {
    const auto specs = parse_range_spec("bytes=1-2,3-,-4").value();
    BOOST_TEST_REQUIRE(specs.size() == 3U);
    BOOST_TEST((specs[0] == range_spec{range_spec::form::bounded, 1, 2, 0}));
    BOOST_TEST((specs[1] == range_spec{range_spec::form::open, 3, 0, 0}));
    BOOST_TEST((specs[2] == range_spec{range_spec::form::suffix, 0, 0, 4}));
    BOOST_TEST(format_range(specs[0]) == "bytes=1-2");
    BOOST_TEST(format_range(specs[1]) == "bytes=3-");
    BOOST_TEST(format_range(specs[2]) == "bytes=-4");
    BOOST_TEST((specs[2].resolve(2) == byte_range{0, 1}));
    BOOST_TEST((byte_range{3, 5}.length() == 3U));
    BOOST_TEST((parse_range_spec("x=0-1").error().code == errc::range_ignored));
}

BOOST_AUTO_TEST_CASE(against_a_bitmap) {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    for (int round = 0; round != 2000; ++round) {
        const std::uint64_t size = 1 + random() % 40;
        std::vector<bool> wanted(size);
        std::string field = "bytes=";
        for (auto n = 1 + random() % 6; n != 0; --n) {
            const auto first = random() % 50;
            const auto last = first + random() % 20;
            field += std::to_string(first) + '-' + std::to_string(last) + ',';
            for (auto at = first; at <= last && at < size; ++at)
                wanted[at] = true;
        }
        const auto ranges = parse_range(field, size);
        std::vector<bool> given(size);
        if (ranges)
            for (const auto& range : *ranges)
                for (auto at = range.first; at <= range.last; ++at) {
                    BOOST_TEST_REQUIRE(!given.at(at), "twice, seed " << seed << ": " << field);
                    given[at] = true;
                }
        BOOST_TEST_REQUIRE((given == wanted), "seed " << seed << ": " << field << " of " << size);
    }
}

BOOST_AUTO_TEST_CASE(content_ranges) {
    const auto full = parse_content_range("bytes 0-4/10").value();
    BOOST_TEST((full.range == byte_range{0, 4} && full.size == 10U));
    const auto unknown = parse_content_range("Bytes 2-2/*").value();
    BOOST_TEST((unknown.range == byte_range{2, 2} && !unknown.size));
    const auto unsatisfied = parse_content_range("bytes */0").value();
    BOOST_TEST((!unsatisfied.range && unsatisfied.size == 0U));
    for (const std::string_view bad : {"",
                                       "bytes",
                                       "bytes ",
                                       "bytes */*",
                                       "bytes 0-4",
                                       "bytes 0-4/",
                                       "bytes 4-0/10",
                                       "bytes 0-10/10",
                                       "bytes 0-/10",
                                       "bytes -4/10",
                                       "bytes=0-4/10",
                                       "items 0-4/10",
                                       "bytes 0-4/x",
                                       "bytes a-4/10",
                                       "bytes 0-4/10 ",
                                       "bytes  0-4/10",
                                       "bytes 0-4/99999999999999999999",
                                       "bytes 0-99999999999999999999/*",
                                       "bytes 0-4/10/10",
                                       "bytes -/10",
                                       "bytes 0-4/-1"}) {
        const auto parsed = parse_content_range(bad);
        BOOST_TEST_REQUIRE(!parsed.has_value(), bad);
        BOOST_TEST((parsed.error().code == errc::bad_content_range));
        BOOST_TEST((parsed.error().source == error_source::origin));
    }
    std::string field = "before ";
    append_content_range(field, {1, 2}, 3);
    BOOST_TEST(field == "before bytes 1-2/3");
    field.clear();
    append_content_range(field, {0, 18'446'744'073'709'551'614U}, 18'446'744'073'709'551'615U);
    BOOST_TEST(field == "bytes 0-18446744073709551614/18446744073709551615");
    BOOST_TEST(format_unsatisfied_range(3) == "bytes */3");
    BOOST_TEST(format_range(byte_range{1, 2}) == "bytes=1-2");
}

BOOST_AUTO_TEST_SUITE_END()
