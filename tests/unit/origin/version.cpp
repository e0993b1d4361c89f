#include <sluice/origin/version.hpp>

#include <boost/test/unit_test.hpp>

using namespace sluice;
using namespace sluice::origin;

namespace {

capabilities plain() {
    return {};
}

capabilities with_generations() {
    capabilities can;
    can.generation_field = "x-goog-generation";
    can.generation_match_field = "x-goog-if-generation-match";
    return can;
}

std::string made_of(std::initializer_list<http::field_view> fields, const capabilities& can) {
    http::field_list list;
    for (const auto& each : fields) {
        list.items.push_back(each);
    }
    return version_of(list, can);
}

std::string match(std::string_view of, const capabilities& can, bool plain_fields_only) {
    std::string out;
    return append_match(out, of, can, plain_fields_only) ? out : "refused";
}

std::string none_match(std::string_view of, const capabilities& can) {
    std::string out;
    return append_none_match(out, of, can) ? out : "refused";
}

} // namespace

BOOST_AUTO_TEST_SUITE(version)

BOOST_AUTO_TEST_CASE(without_generations_it_is_the_entity_tag) {
    BOOST_TEST(made_of({{"ETag", "\"a\""}}, plain()) == "\"a\"");
    BOOST_TEST(made_of({{"ETag", "\"a\""}, {"x-goog-generation", "12"}}, plain()) == "\"a\"");
    BOOST_TEST(made_of({{"ETag", "W/\"a\""}}, plain()).empty());
    BOOST_TEST(made_of({{"ETag", "\"a\""}, {"ETag", "\"b\""}}, plain()).empty());
    BOOST_TEST(match("\"a-g12\"", plain(), false) == "If-Match: \"a-g12\"\r\n");
    BOOST_TEST(none_match("\"a\"", plain()) == "If-None-Match: \"a\"\r\n");
}

BOOST_AUTO_TEST_CASE(with_generations_it_is_made_of_both) {
    const auto can = with_generations();
    const auto made = made_of({{"ETag", "\"a-g1\""}, {"X-Goog-Generation", "1579287380533984"}}, can);
    BOOST_TEST(made == "\"a-g1-g1579287380533984\"");
    const auto parts = parts_of(made, can);
    BOOST_TEST(parts.etag == "\"a-g1\"");
    BOOST_TEST(parts.generation == "1579287380533984");
    // Where the URL is signed, an extension field that is not would be refused.
    BOOST_TEST(match(made, can, true) == "If-Match: \"a-g1\"\r\n");
    BOOST_TEST(match(made, can, false) == "x-goog-if-generation-match: 1579287380533984\r\n");
    BOOST_TEST(none_match(made, can) == "If-None-Match: \"a-g1\"\r\n");
}

BOOST_AUTO_TEST_CASE(a_generation_that_is_none_is_left_out) {
    const auto can = with_generations();
    for (const char* bad : {"", "x", "12a", "-1", "1 2", "123456789012345678901"}) {
        BOOST_TEST(made_of({{"ETag", "\"a\""}, {"x-goog-generation", bad}}, can) == "\"a\"", bad);
    }
    BOOST_TEST(made_of({{"ETag", "\"a\""}, {"x-goog-generation", "1"}, {"x-goog-generation", "2"}}, can) == "\"a\"");
    BOOST_TEST(made_of({{"x-goog-generation", "1"}}, can).empty());
    for (const char* whole : {"\"a\"", "\"a-g\"", "\"a-gx\"", "\"\"", "\"-g\""}) {
        BOOST_TEST(parts_of(whole, can).etag == whole);
        BOOST_TEST(parts_of(whole, can).generation.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
