#include <sluice/authorize/decision_key.hpp>

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace sluice::authorize;

const std::vector<std::string> no_names;

/// One request, and what of it a decision depends on.
struct request {
    std::string route;
    std::string method;
    std::string target;
    std::vector<std::string> lines;
    std::vector<std::string> deciding;

    [[nodiscard]] auto all_that_decides() const { return std::tie(route, method, target, deciding); }
    [[nodiscard]] std::string text(const std::vector<std::string>& ignored,
                                   const std::vector<std::string>& identity) const {
        std::string fields;
        for (const auto& line : lines) {
            fields += line + "\r\n";
        }
        return decision_text({route, method, target, fields, ignored, identity});
    }
};

std::string text_of(const std::string& fields, const std::vector<std::string>& ignored = no_names,
                    const std::vector<std::string>& identity = no_names) {
    return decision_text({"r", "GET", "/t", fields, ignored, identity});
}

/// Out of so few letters that two requests often differ only in where a part ends.
struct generator {
    std::mt19937_64 random;

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); }
    std::string word(std::size_t max) {
        static constexpr std::string_view letters("ab:\0", 4);
        std::string w(below(max + 1), ' ');
        for (auto& c : w) {
            c = letters[below(letters.size())];
        }
        return w;
    }
    request make() {
        static const std::vector<std::string> deciding{"Cookie", "Authorization", "X-Original-URI", "X-A", "Range-X"};
        static const std::vector<std::string> ignored{"Accept-Language", "RANGE", "If-None-Match", "b3", "X-Noise"};
        request r{word(2), below(2) == 0 ? "GET" : "HEAD", word(2), {}, {}};
        for (auto n = below(4); n > 0; --n) {
            const bool decides = below(2) == 0;
            const auto& names = decides ? deciding : ignored;
            const auto line = names[below(names.size())] + ": " + word(2);
            r.lines.push_back(line);
            if (decides) {
                r.deciding.push_back(line);
            }
        }
        return r;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(decision_keys)

BOOST_AUTO_TEST_CASE(equal_exactly_where_everything_that_decides_is) {
    const std::uint64_t seed = std::random_device()();
    generator g{std::mt19937_64(seed)};
    const std::vector<std::string> ignored{"x-noise"};
    std::size_t shared = 0;
    for (int i = 0; i < 20000; ++i) {
        const auto a = g.make();
        auto b = g.below(2) == 0 ? a : g.make();
        if (g.below(2) == 0) { // noise that one of them has
            b.lines.insert(b.lines.begin() + static_cast<std::ptrdiff_t>(g.below(b.lines.size() + 1)),
                           "User-Agent: " + g.word(3));
        }
        const bool same = a.all_that_decides() == b.all_that_decides();
        shared += same ? 1 : 0;
        BOOST_TEST_REQUIRE((a.text(ignored, no_names) == b.text(ignored, no_names)) == same,
                           "seed " << seed << ", round " << i);
    }
    BOOST_TEST(shared > 1000U);
}

BOOST_AUTO_TEST_CASE(where_a_part_ends_is_part_of_it) {
    BOOST_TEST(decision_text({"ab", "c", "d", {}, {}, {}}) != decision_text({"a", "bc", "d", {}, {}, {}}));
    BOOST_TEST(decision_text({"a", "GET", "/x", "Y: z\r\n", {}, {}}) !=
               decision_text({"a", "GET", "/xY: z", "", {}, {}}));
    BOOST_TEST(text_of("A: 1\r\nB: 2\r\n") != text_of("A: 1B: 2\r\n"));
    BOOST_TEST(text_of("A: 1\r\nB: 2\r\n") != text_of("B: 2\r\nA: 1\r\n")); // an app may read the first, or the last
}

BOOST_AUTO_TEST_CASE(fields_that_decide_nothing_do_not_split_it) {
    const auto plain = text_of("Cookie: a\r\n");
    for (const auto* noise : {"Accept: */*", "accept-encoding: gzip", "Accept-CH: x", "If-None-Match: \"x\"",
                              "If-Range: x", "Range: bytes=1-", "USER-AGENT: x", "Referer: /y", "traceparent: 1",
                              "tracestate: 1", "X-Request-ID: 1", "b3: 1", "X-B3-TraceId: 1", "x-b3-spanid: 1",
                              "x-b3-parentspanid: 1", "x-b3-sampled: 1", "X-Amzn-Trace-Id: 1"}) {
        BOOST_TEST((text_of(std::string(noise) + "\r\nCookie: a\r\n") == plain), noise);
        BOOST_TEST((text_of(std::string("Cookie: a\r\n") + noise + "\r\n") == plain), noise);
    }
    for (const auto* other : {"X-Range: 1", "Acc: 1", "If: 1", "X-User: 1", "Rangeb: 1", "X-B3: 1"}) {
        BOOST_TEST((text_of(std::string(other) + "\r\nCookie: a\r\n") != plain), other);
    }
}

BOOST_AUTO_TEST_CASE(ignore_headers_and_those_of_identity) {
    const std::vector<std::string> named{"X-Noise", "Accept-User"};
    BOOST_TEST(text_of("x-noise: 1\r\n", named) == text_of("", named));
    BOOST_TEST(text_of("x-noise: 1\r\n") != text_of(""));
    // Who somebody is counts, though it looks like Accept and is to be ignored.
    const std::vector<std::string> identity{"accept-user"};
    BOOST_TEST(text_of("Accept-User: ann\r\n", named, identity) != text_of("Accept-User: bob\r\n", named, identity));
    BOOST_TEST(is_ignored_field("Accept-User", {{}, {}, {}, {}, named}));
    BOOST_TEST(!is_ignored_field("Accept-User", {{}, {}, {}, {}, named, identity}));
}

BOOST_AUTO_TEST_CASE(what_the_client_accepts_counts_where_the_object_itself_is_asked_for) {
    const auto of = [](std::string_view fields) {
        return decision_text({"r", "GET", "/t", fields, {}, {}, asked_url::object});
    };
    for (const std::string_view line : {"Accept: a/b\r\n", "accept-language: de\r\n", "User-Agent: x\r\n"}) {
        BOOST_TEST(of(line) != of(""), line);
    }
    for (const std::string_view line : {"Accept-Encoding: br\r\n", "Range: bytes=0-0\r\n", "If-Range: x\r\n",
                                        "Referer: x\r\n", "traceparent: x\r\n"}) {
        BOOST_TEST(of(line) == of(""), line);
    }
}

BOOST_AUTO_TEST_CASE(answers_that_vary_by_what_no_key_holds) {
    const std::vector<std::string> ignored{"x-noise"};
    const auto varies = [&ignored](std::string_view vary, asked_url asked) {
        sluice::http::field_list response;
        response.items = {{"X-A", "*"}, {"Vary", "Cookie"}, {"vary", vary}};
        return varies_beyond_key(response, {{}, {}, {}, {}, ignored, {}, asked});
    };
    for (const auto asked : {asked_url::object, asked_url::decision}) {
        for (const auto* vary : {"*", "Cookie, *", "Referer", "X-Noise", "X-A,traceparent"}) {
            BOOST_TEST(varies(vary, asked), vary);
        }
        for (const auto* vary : {"", "Cookie", "Origin, X-User", "accept-encoding", "Range", "If-None-Match", "**"}) {
            BOOST_TEST(!varies(vary, asked), vary);
        }
    }
    for (const auto* vary : {"Accept", "Accept-Language, Cookie", "user-agent"}) {
        BOOST_TEST(varies(vary, asked_url::decision), vary);
        BOOST_TEST(!varies(vary, asked_url::object), vary);
    }
}

BOOST_AUTO_TEST_CASE(invalidated_by_the_paths_of_both_requests) {
    protected_route route{{}, nullptr};
    const auto fixed = tags_of(route, "/may?user", "/media//a%20b?x", "=caller");
    BOOST_TEST(fixed.subrequest_path == ""); // the same for all resources: it names none
    BOOST_TEST(fixed.request_path == "/media/a b");
    BOOST_TEST(fixed.all_resources == "");
    BOOST_TEST(fixed.caller == ""); // without a preset nothing is known that changes for a caller
    route.subrequest_names_resource = true;
    BOOST_TEST(tags_of(route, "/may/1/?user", "/m/1", "").subrequest_path == "/may/1");
}

BOOST_AUTO_TEST_CASE(collapsed_with_the_same_generation_alone) {
    decision_cache::key_type a{};
    decision_cache::key_type b{};
    b.back() = 1;
    BOOST_TEST(flight_name(a, 0, 17) == flight_name(a, 0, 18)); // of two requests
    BOOST_TEST(flight_name(a, 0, 17) != flight_name(a, 1, 17));
    BOOST_TEST(flight_name(a, 0, 17) != flight_name(b, 0, 17));
    BOOST_TEST(flight_name(a, std::nullopt, 17) != flight_name(a, std::nullopt, 18)); // none is kept: each by itself
    BOOST_TEST(flight_name(a, std::nullopt, 17) != flight_name(a, 17, 17));
}

BOOST_AUTO_TEST_CASE(responses_that_stand_for_later_requests) {
    const auto kept = [](std::initializer_list<sluice::http::field_view> fields,
                         std::vector<std::string> identity = {}) {
        sluice::http::field_list list;
        list.items = fields;
        return may_be_kept(list, {{}, {}, {}, {}, {}, identity});
    };
    BOOST_TEST(kept({}));
    BOOST_TEST(kept({{"Vary", "Cookie, Authorization"}, {"Cache-Control", "private, max-age=0"}}));
    for (const auto* vary : {"*", "Accept", "accept-language", "Cookie, User-Agent", "Cookie,*", "Range",
                             "If-None-Match", "Referer", ", ,Accept-Encoding"}) {
        BOOST_TEST(!kept({{"Vary", vary}}), vary);
        BOOST_TEST(!kept({{"vary", "Cookie"}, {"VARY", vary}}), vary);
    }
    BOOST_TEST(!kept({{"Cache-Control", "private, No-Store"}}));
    BOOST_TEST(!kept({{"cache-control", "max-age=1"}, {"Cache-Control", "no-store"}}));
    BOOST_TEST(kept({{"Vary", "Referer"}}, {"referer"})); // it is a part of the key
}

BOOST_AUTO_TEST_SUITE_END()
