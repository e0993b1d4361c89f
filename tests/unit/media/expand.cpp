#include <sluice/media/expand.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::media;

/// `name=raw`, or `?name=raw` for a parameter.
using given = std::vector<std::pair<std::string, std::string>>;

struct filled {
    explicit filled(const given& values) {
        for (const auto& [name, raw] : values) {
            const bool of_query = name.starts_with('?');
            const auto from = of_query ? config::template_value::origin::query : config::template_value::origin::path;
            captures.push_back({std::string_view(name).substr(of_query ? 1 : 0), raw, from});
            if (!of_query) {
                names.push_back(name);
            }
        }
    }
    std::vector<capture> captures;
    std::vector<std::string> names;
};

std::string object(std::string_view text, const given& values) {
    const filled with(values);
    const auto got = expand_object(config::parse_object(text, {with.names}).value(), {with.captures});
    if (!got) {
        BOOST_TEST((got.error().code == errc::bad_request));
        BOOST_TEST((got.error().source == error_source::client));
        return "error";
    }
    return *got;
}

std::string resolved(std::string_view text, std::string_view key, const given& values = {}) {
    const filled with(values);
    const auto parts = config::parse_object(text, {with.names, config::template_scope::resolves::yes}).value();
    const auto got = expand_object(parts, {with.captures, key});
    return got ? *got : "error";
}

std::string target(std::string_view text, const given& values) {
    const filled with(values);
    const auto got = expand_target(config::parse_subrequest(text, with.names).value(), with.captures);
    return got ? *got : "error";
}

} // namespace

BOOST_AUTO_TEST_SUITE(expansion)

BOOST_AUTO_TEST_CASE(targets_of_paths) {
    const given c{{"x", "a%20b"}, {"y", "%41"}};
    BOOST_TEST(target("/ok/{x}/{y}?q=1", c) == "/ok/a%20b/%41?q=1"); // raw
    BOOST_TEST(target("/{x}{x}", c) == "/a%20ba%20b");
    BOOST_TEST(target("/plain", c) == "/plain");
    BOOST_TEST(target("/{x}", {{"x", "a%252Fb"}}) == "/a%252Fb");
    // What no reader may understand in two ways.
    BOOST_TEST(target("/{x}/{y}", {{"x", "."}, {"y", "."}}) == "error");
    BOOST_TEST(target("/.{x}", {{"x", "."}}) == "error");
    BOOST_TEST(target("/{x}/ask", {{"x", "a/"}}) == "error");
}

BOOST_AUTO_TEST_CASE(targets_of_values_that_are_encoded) {
    BOOST_TEST(target("/may?p={query.p}", {{"?p", "a%2Fb+c%26d%3De%23"}}) == "/may?p=a%2Fb%20c%26d%3De%23");
    BOOST_TEST(target("/may?p={x}", {{"x", "a%2Bb/c"}}) == "/may?p=a%2Bb%2Fc");
    BOOST_TEST(target("/may/{query.p}/x", {{"?p", "a%2Fb%20c"}}) == "/may/a/b%20c/x"); // segment by segment
    BOOST_TEST(target("/may/{x[0:1]}", {{"x", "%C3%A9t%C3%A9"}}) == "/may/%C3%A9");
    BOOST_TEST(target("/may?p={query.p}", {{"?p", "%252e%252e%252f"}}) == "/may?p=%252e%252e%252f"); // decoded once
    for (const auto* raw : {"..%2Fa", "a%2F..", "a%2F..%2Fb", "%2e%2e", ".", "a%00", "a%0D%0AX:+y", "%FF", "%C3", "%",
                            "%zz", "a%C2%80"}) {
        BOOST_TEST(target("/may?p={query.p}", {{"?p", raw}}) == "error", raw);
        BOOST_TEST(target("/may/{query.p}", {{"?p", raw}}) == "error", raw);
        BOOST_TEST(object("{query.p}", {{"?p", raw}}) == "error", raw);
    }
    for (const auto* raw : {"/a", "a//b", "a/", "a;b", "a%5Cb"}) {
        BOOST_TEST(target("/may/{query.p}/x", {{"?p", raw}}) == "error", raw);
    }
}

BOOST_AUTO_TEST_CASE(objects_of_captures) {
    BOOST_TEST(object("lectures/{x}/{y}", {{"x", "a%20b"}, {"y", "c/d%2B+.mp4"}}) == "lectures/a b/c/d++.mp4");
    BOOST_TEST(object("{x}", {{"x", "%25%32%46"}}) == "%2F"); // once
    BOOST_TEST(object("{x}", {{"x", "%23%3F"}}) == "#?");
    BOOST_TEST(object("a-{x}-{x}", {{"x", "1"}}) == "a-1-1");
    BOOST_TEST(object("{query.u}", {{"?u", "s3://b/a+b%2Bc"}}) == "s3://b/a b+c");
    // What a value holds is never a template.
    BOOST_TEST(object("{x}", {{"x", "%7By%7D"}, {"y", "evil"}}) == "{y}");
    for (const auto* raw : {"%", "%2", "%zz", "..", ".", "%2e%2e", "a/../b", "a%00b", "a%0Ab", "%ff"}) {
        BOOST_TEST(object("{x}", {{"x", raw}}) == "error", raw);
    }
    BOOST_TEST(object("a/{x}", {{"x", "..b"}}) == "a/..b");
    BOOST_TEST(object("{x}", {{"x", std::string(8193, 'k')}}) == "error");
}

BOOST_AUTO_TEST_CASE(slices_of_characters) {
    BOOST_TEST(object("{x[0:2]}/{x[2:4]}/{x}", {{"x", "abcdef"}}) == "ab/cd/abcdef");
    BOOST_TEST(object("{x[:2]}", {{"x", "ab"}}) == "ab");
    BOOST_TEST(object("{x[1:]}", {{"x", "ab"}}) == "b");
    BOOST_TEST(object("{x[0:2]}-{x[2:]}", {{"x", "%C3%A9%F0%9F%98%80z"}}) == "\xC3\xA9\xF0\x9F\x98\x80-z");
    BOOST_TEST(object("{x[0:3]}", {{"x", "ab"}}) == "error");           // shorter than the end
    BOOST_TEST(object("{x[0:3]}", {{"x", "%C3%A9%C3%A9"}}) == "error"); // four bytes, two characters
    BOOST_TEST(object("{x[2:]}", {{"x", "ab"}}) == "error");            // no character at the start
    BOOST_TEST(object("{x[2:3]}", {{"x", "ab"}}) == "error");
    BOOST_TEST(object("{x[0:2]}", {{"x", "..a"}}) == "error"); // a dot segment of its own making
    BOOST_TEST(object("{x[0:1]}", {{"x", "%C3"}}) == "error");
    BOOST_TEST(object("{x[0:2]}", {{"x", "e%CC%81x"}}) == "e\xCC\x81"); // code points
}

BOOST_AUTO_TEST_CASE(filters) {
    BOOST_TEST(object("{x|lower}", {{"x", "ABc%C3%89"}}) == "abc\xC3\x89"); // of ASCII
    BOOST_TEST(object("{x[0:2]|lower}", {{"x", "ABC"}}) == "ab");
    for (const auto* raw : {"czM6Ly9iL2E_Pg", "czM6Ly9iL2E_Pg==", "czM6Ly9iL2E_Pg%3D%3D"}) {
        BOOST_TEST(object("{query.f|base64url}", {{"?f", raw}}) == "s3://b/a?>", raw);
    }
    BOOST_TEST(object("{query.f|base64url|lower}", {{"?f", "QUJD"}}) == "abc");
    for (const auto* raw : {"czM6Ly9iL2E/Pg", "YWJj+", "YW+", "YW%2B", "YWI", "YWI=", "YWJj"}) {
        const bool good = std::string_view(raw).starts_with("YWI") || std::string_view(raw) == "YWJj";
        BOOST_TEST((object("{query.f|base64url}", {{"?f", raw}}) != "error") == good, raw);
    }
    for (const auto* raw : {"Y", "YWI==", "YW=I", "YWJj=", "YWJj====", "YW J", "YWJ*", "YWJ", "%3D", "YWJj%0A", "+YWJj",
                            "YWJj+", "Li4", "L2EvLi4vYg", "AA", "gA", "YQBi", "YQpi"}) {
        BOOST_TEST(object("{query.f|base64url}", {{"?f", raw}}) == "error", raw);
    }
}

BOOST_AUTO_TEST_CASE(the_key_that_the_app_named) {
    BOOST_TEST(resolved("up/{resolved}", "a%2F b+.mp4") == "up/a%2F b+.mp4"); // as it is
    BOOST_TEST(resolved("{resolved}/{query.p}", "run/1", {{"?p", "m%2Fa+b"}}) == "run/1/m/a b");
    BOOST_TEST(resolved("up/{resolved|lower}", "A") == "up/a");
    BOOST_TEST(resolved("up/{resolved}", "../x") == "error");
    BOOST_TEST(resolved("up/{resolved}", "") == "error");
}

BOOST_AUTO_TEST_SUITE_END()
